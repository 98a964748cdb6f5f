-- Adds a rule to a version of the approval rules.
INSERT INTO approval_rules (version, position, slug, body, since, actor) VALUES (%s, %s, %s, %s, %s, %s)

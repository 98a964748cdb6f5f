-- Adds a rule to a version of the expense rules.
INSERT INTO expense_rules (version, position, slug, body, since, actor) VALUES (%s, %s, %s, %s, %s, %s)

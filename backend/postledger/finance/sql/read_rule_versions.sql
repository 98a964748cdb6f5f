-- The expense rules of some versions.
SELECT version, slug, body FROM expense_rules WHERE version = ANY(%s)

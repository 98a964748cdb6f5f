-- The expense rules of one version, in order.
SELECT body FROM expense_rules WHERE version = %s ORDER BY position

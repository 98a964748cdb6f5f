-- All versions of the expense rules, each in order, with the time from which it was in force.
SELECT version, since, body FROM expense_rules ORDER BY version, position

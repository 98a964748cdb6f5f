-- The settings of the books, their start, and the version of the rules in force.
SELECT settings, since, rules_version FROM finance

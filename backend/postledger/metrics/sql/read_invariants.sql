-- How many violations the last check of the books found, by invariant.
SELECT invariant, broken FROM invariant_checks

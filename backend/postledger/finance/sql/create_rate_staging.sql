-- The rates of a file, until the end of the transaction.
CREATE TEMPORARY TABLE new_rates (currency text COLLATE "C", on_day date, rate numeric) ON COMMIT DROP

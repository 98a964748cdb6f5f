-- How many conversions the ledger has.
SELECT count(*) FROM conversions

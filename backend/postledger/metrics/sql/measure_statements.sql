-- How many statements are on record, by kind and result: of a bank the proof of its balances.
SELECT kind, CASE WHEN kind = 'network' THEN 'imported' ELSE proof END AS result, count(*)
FROM statements
GROUP BY kind, result

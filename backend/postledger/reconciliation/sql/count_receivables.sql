-- How many receivables each month has.
SELECT period, count(*) FROM receivables GROUP BY period

-- The time of Postgres, which all workers share.
SELECT clock_timestamp()

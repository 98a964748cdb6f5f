-- The time on the server's clock.
SELECT clock_timestamp()

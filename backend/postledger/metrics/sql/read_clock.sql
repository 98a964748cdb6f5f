-- The time of Postgres: ages must not depend on the clock of a worker.
SELECT clock_timestamp()

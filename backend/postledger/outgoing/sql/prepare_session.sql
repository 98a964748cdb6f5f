-- Prepares the session that sends. Postgres ends it, and frees its locks, if it sends no statement for so long: its process
-- stands still. And its statements look rows up by keys, also while the statistics are from before the tables grew.
SELECT
    set_config('idle_session_timeout', %s, false),
    set_config('enable_seqscan', 'off', false)

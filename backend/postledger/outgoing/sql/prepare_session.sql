-- Prepares the session that sends. Postgres ends it, and frees its locks, if it sends no statement for so long: its process
-- stands still. And it plans each statement again, for the tables as they are: plans from when they were empty walk them.
SELECT
    set_config('idle_session_timeout', %s, false),
    set_config('enable_seqscan', 'off', false),
    set_config('plan_cache_mode', 'force_custom_plan', false)

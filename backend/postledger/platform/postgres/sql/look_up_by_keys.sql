-- Has a session look rows up by keys, and plan each statement for the tables as they are. Without it a plan that was made
-- while a table was empty reads the whole table for each row, from when there are many until the session ends.
SELECT
    set_config('enable_seqscan', 'off', false),
    set_config('plan_cache_mode', 'force_custom_plan', false)

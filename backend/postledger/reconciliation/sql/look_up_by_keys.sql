-- Has this transaction look rows up by keys, and plan each statement for the tables as they are. A plan for a table that
-- is as good as empty reads it as a whole for each row, and it grows while the statement runs.
SELECT set_config('enable_seqscan', 'off', true), set_config('plan_cache_mode', 'force_custom_plan', true)

-- Gives this session its usual settings again.
SELECT set_config(name, reset_val || coalesce(unit, ''), false)
FROM pg_settings
WHERE name IN ('work_mem', 'hash_mem_multiplier', 'max_parallel_workers_per_gather', 'jit')

-- Gives this session the memory that a reconciliation needs, and no parallel workers, which would need as much again.
SELECT
    set_config('work_mem', '32MB', false),
    set_config('hash_mem_multiplier', '1', false),
    set_config('max_parallel_workers_per_gather', '0', false),
    set_config('jit', 'off', false)

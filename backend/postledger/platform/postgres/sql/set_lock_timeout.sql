-- Limits how long the statements of this session wait for a lock.
SELECT set_config('lock_timeout', %s, false)

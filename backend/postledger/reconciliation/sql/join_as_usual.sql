-- Allows nested loops in this transaction again.
SELECT set_config('enable_nestloop', 'on', true)

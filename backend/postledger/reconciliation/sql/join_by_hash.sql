-- Keeps nested loops out of the plans of this transaction, as far as there is another way.
SELECT set_config('enable_nestloop', 'off', true)

-- From now on, statements find the tables of the sandbox first, and what is configured in those of the ledger.
SELECT set_config('search_path', 'sandbox, public', false)

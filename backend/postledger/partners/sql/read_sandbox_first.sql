-- Until the end of the transaction, statements find the tables of the sandbox first.
SELECT set_config('search_path', 'sandbox, public', true)

-- From now on, statements find the tables of the sandbox first, and what is configured in those of the ledger. They do not
-- wait for the disk: no row of the sandbox is worth a wait, and each write to the disk holds up those of the ledger.
SELECT
    set_config('search_path', 'sandbox, public', false),
    set_config('synchronous_commit', 'off', false)

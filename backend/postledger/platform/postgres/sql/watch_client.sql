-- Ends this session, and frees its locks, soon after its client has died or stands still: also within a statement, where
-- Postgres would notice it only at the end, and within a transaction, where it would wait for the next statement for ever.
-- Without a time for the latter the server's default stays.
SELECT
    set_config('client_connection_check_interval', %s, false),
    set_config(
        'idle_in_transaction_session_timeout',
        coalesce(%s, current_setting('idle_in_transaction_session_timeout')),
        false
    )

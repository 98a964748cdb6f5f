-- Whether this server only reads, whether this user may create tables, and which tables of the ledger exist. Only an
-- owner may migrate: a table that another role owns counts as not ours.
SELECT
    pg_is_in_recovery() OR current_setting('default_transaction_read_only')::boolean AS only_reads,
    has_schema_privilege(current_user, 'public', 'CREATE') AS creates,
    to_regclass('public.schema_migrations') IS NOT NULL AS has_ledger,
    to_regclass('public.instance_keys') IS NOT NULL AS has_keys,
    coalesce(
        (SELECT pg_has_role(current_user, relowner, 'USAGE') FROM pg_class WHERE oid = to_regclass('public.sources')),
        true
    ) AS owns

-- The functions of this database, without those of extensions.
SELECT proname
FROM pg_proc
WHERE
    pronamespace = 'public'::regnamespace
    AND NOT EXISTS (SELECT FROM pg_depend WHERE pg_depend.objid = pg_proc.oid AND pg_depend.deptype = 'e')
ORDER BY proname

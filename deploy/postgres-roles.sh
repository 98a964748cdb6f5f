#!/bin/sh
# Makes the two roles that only look, when Postgres' image makes its cluster; what the reader may read is said afterwards,
# by `postledger grant`. The passwords come as files, and reach Postgres without standing in a process list.
set -eu

psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<END
CREATE ROLE postledger_reader LOGIN CONNECTION LIMIT 10 PASSWORD '$(cat /run/secrets/reader)';
ALTER ROLE postledger_reader SET default_transaction_read_only = on;
ALTER ROLE postledger_reader SET statement_timeout = '20s';
CREATE ROLE postledger_monitor LOGIN CONNECTION LIMIT 5 PASSWORD '$(cat /run/secrets/monitor)';
ALTER ROLE postledger_monitor SET default_transaction_read_only = on;
ALTER ROLE postledger_monitor SET statement_timeout = '5s';
GRANT pg_monitor TO postledger_monitor;
END

-- Secrets that an operator retired, still encrypted, so that `apply` can refuse to bring one back. They are in a table of
-- their own, because the previous release accepts every row of source_secrets.
CREATE TABLE retired_secrets (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source_id integer NOT NULL REFERENCES sources,
    ciphertext bytea NOT NULL,
    created_at timestamptz NOT NULL,
    retired_at timestamptz NOT NULL
);

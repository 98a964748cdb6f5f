-- People: who may look, operate and decide.
CREATE TABLE users (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    login text COLLATE "C" NOT NULL UNIQUE CHECK (length(login) BETWEEN 1 AND 64),
    name text NOT NULL,
    roles text [] COLLATE "C" NOT NULL,
    email text,
    os_user text COLLATE "C" UNIQUE, -- of the operating system: commands by this user are theirs
    payee text COLLATE "C", -- the payee that they are, if any; they decide nothing about it
    password text, -- argon2id
    created_at timestamptz NOT NULL,
    disabled_at timestamptz
);

-- A login that differs from another one only in case would be taken for it.
CREATE UNIQUE INDEX users_login_any_case ON users (lower(login));

-- Tokens are shown once; only their SHA-256 is here.
CREATE TABLE tokens (
    id uuid PRIMARY KEY,
    user_id integer NOT NULL REFERENCES users,
    token_sha256 bytea NOT NULL UNIQUE,
    scopes text [] COLLATE "C" NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    used_at timestamptz,
    revoked_at timestamptz
);

CREATE TABLE delegations (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    from_user integer NOT NULL REFERENCES users,
    to_user integer NOT NULL REFERENCES users,
    since timestamptz NOT NULL,
    until timestamptz NOT NULL,
    created_by text NOT NULL,
    CHECK (from_user <> to_user),
    CHECK (since < until)
);

-- The audit chain: each entry's hash covers its own fields and the hash before it. Only ever added to.
CREATE TABLE audit_log (
    seq bigint PRIMARY KEY,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    action text COLLATE "C" NOT NULL,
    subject text COLLATE "C" NOT NULL,
    body bytea NOT NULL,
    prev bytea NOT NULL,
    hash bytea NOT NULL UNIQUE
);

-- Where the chain ends. Who appends locks this row, so the entries have one order.
CREATE TABLE audit_head (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    seq bigint NOT NULL,
    hash bytea NOT NULL
);

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON audit_log FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only_all BEFORE TRUNCATE ON audit_log FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
-- The owner of the ledger, as which everything of Postledger works, may add and not change either.
REVOKE UPDATE, DELETE, TRUNCATE ON audit_log FROM current_user;

-- What the last verification of the chain found, and up to where it was in order: that part must stay as it is.
CREATE TABLE audit_checks (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    seq bigint NOT NULL,
    hash bytea NOT NULL,
    verified_at timestamptz, -- when it was in order for the last time
    fault text COLLATE "C" CHECK (fault IN ('broken', 'went_back')),
    fault_seq bigint, -- the first entry that is wrong
    checked_at timestamptz NOT NULL
);

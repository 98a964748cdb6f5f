-- Keys of this instance, encrypted like secrets. The key of the hashes that stand for personal data is made once and
-- outlives every rotation of the master key, or hashes from before and after it could not be joined.
CREATE TABLE instance_keys (
    name text COLLATE "C" PRIMARY KEY,
    ciphertext bytea NOT NULL,
    created_at timestamptz NOT NULL
);

-- What was forgotten on demand: who did it, when, and how much; never what.
CREATE TABLE erasures (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    erased_at timestamptz NOT NULL,
    actor text NOT NULL,
    kind text COLLATE "C" NOT NULL CHECK (kind IN ('click_id', 'hash')),
    clicks bigint NOT NULL,
    postbacks bigint NOT NULL,
    conversions bigint NOT NULL
);

-- Answers to decisions that carried a key, so that the same request again gets the same answer.
CREATE TABLE idempotency_keys (
    user_id integer NOT NULL,
    key text COLLATE "C" NOT NULL,
    request_sha256 bytea NOT NULL, -- the same key with another request is refused
    answer bytea, -- JSON; NULL only within the transaction that decides
    created_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, key)
);

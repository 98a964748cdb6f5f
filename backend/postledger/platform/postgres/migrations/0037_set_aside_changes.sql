-- Changes that could not be handed over. Each is taken out of the outbox, so that it holds up no other, until an operator
-- puts it back. `fault` is the type of the error and its place in the code, never a value.
--
-- Safe while the previous release serves: it neither reads nor writes the table.
CREATE TABLE set_aside_changes (
    received_at timestamptz NOT NULL,
    dedup_key uuid NOT NULL,
    receipt uuid NOT NULL,
    revision integer NOT NULL,
    kind text COLLATE "C" NOT NULL,
    fault text NOT NULL,
    set_aside_at timestamptz NOT NULL,
    PRIMARY KEY (received_at, dedup_key, receipt)
);

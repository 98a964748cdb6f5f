-- One change of one conversion on its way to the broker, and for some time after it arrived there. What is sent is read from
-- the conversion and its history at that moment, so that what was erased is not sent.
CREATE TABLE publications (
    dedup_key uuid NOT NULL,
    receipt uuid NOT NULL,
    revision integer NOT NULL,
    kind text COLLATE "C" NOT NULL,
    received_at timestamptz NOT NULL,
    published_at timestamptz, -- when the broker confirmed it
    PRIMARY KEY (dedup_key, receipt)
);

-- The order of work: what waits, by its place in the outbox.
CREATE INDEX publications_waiting ON publications (received_at, dedup_key, revision) WHERE published_at IS NULL;

-- What is old enough to be deleted.
CREATE INDEX publications_published ON publications USING brin (published_at);

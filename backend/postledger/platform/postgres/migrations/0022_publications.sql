-- One change of one conversion on its way to the broker, and for some time after it arrived there. What is sent is read from
-- the conversion and its history at that moment, so that what was erased is not sent.
CREATE TABLE publications (
    dedup_key uuid NOT NULL,
    receipt uuid NOT NULL,
    revision integer NOT NULL,
    kind text COLLATE "C" NOT NULL,
    received_at timestamptz NOT NULL,
    published_at timestamptz, -- when the broker confirmed it
    refusals integer NOT NULL DEFAULT 0, -- how often the broker has refused it, or returned it as unroutable
    due_at timestamptz, -- when it is tried again after a refusal; NULL before the first one
    PRIMARY KEY (dedup_key, receipt)
);

-- The order of work: what waits, by its place in the outbox.
CREATE INDEX publications_waiting ON publications (received_at, dedup_key, revision)
WHERE published_at IS NULL AND due_at IS NULL;

-- What waits after a refusal. An index of its own, so that it is not walked again and again before what is new.
CREATE INDEX publications_refused ON publications (due_at) WHERE published_at IS NULL AND due_at IS NOT NULL;

-- What is old enough to be deleted.
CREATE INDEX publications_published ON publications USING brin (published_at);

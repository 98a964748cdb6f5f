-- What changed the worth of a conversion after it was opened: a corrected payout, a refund of a part, a reversal of all.
-- One row for each, for ever, beside its conversion; a postback that only moves a status leaves none.
CREATE TABLE conversion_events (
    dedup_key uuid NOT NULL, -- of the conversion
    id uuid NOT NULL, -- the receipt of the postback
    source_id integer NOT NULL,
    kind text COLLATE "C" NOT NULL CHECK (kind IN ('correction', 'refund', 'reversal')),
    reverses uuid CHECK ((reverses IS NULL) = (kind = 'correction')), -- the id of the conversion that it takes back from
    transaction_id text COLLATE "C", -- the event's own id, where the sender gave it one
    source_status text,
    payout numeric, -- as sent
    payout_before numeric,
    delta numeric, -- by how much the conversion's worth changed; null where no payout was known
    currency text COLLATE "C",
    event_time timestamptz,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (dedup_key, id)
);

-- For the guard, which counts what one source took back within the hour.
CREATE INDEX conversion_events_reversals ON conversion_events (source_id, received_at) WHERE reverses IS NOT NULL;
CREATE INDEX conversion_events_transaction_id ON conversion_events USING hash (transaction_id);

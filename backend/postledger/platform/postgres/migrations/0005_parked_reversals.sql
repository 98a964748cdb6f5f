-- Reversals that came faster than their source's guard allows: taken and not booked, until an operator has looked.
-- What is settled stays, with who did it and what came of it.
CREATE TABLE parked_reversals (
    dedup_key uuid NOT NULL, -- of the conversion
    id uuid NOT NULL, -- the receipt of the postback
    conversion_id uuid NOT NULL,
    source_id integer NOT NULL,
    transaction_id text COLLATE "C", -- the reversal's own id, where the sender gave it one
    source_status text,
    payout numeric, -- as sent
    currency text COLLATE "C",
    event_time timestamptz,
    unsigned text [],
    received_at timestamptz NOT NULL,
    settled_at timestamptz,
    settled_by text,
    outcome text COLLATE "C" CHECK (outcome IN ('updated', 'duplicate', 'conflict', 'discarded')),
    PRIMARY KEY (dedup_key, id)
);

CREATE INDEX parked_reversals_waiting ON parked_reversals (source_id, received_at) WHERE settled_at IS NULL;

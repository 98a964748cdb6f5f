-- Postbacks that we send to others: what is configured, and the state of its circuit.
CREATE TABLE forwards (
    slug text COLLATE "C" PRIMARY KEY,
    settings jsonb NOT NULL,
    circuit text COLLATE "C" NOT NULL DEFAULT 'closed' CHECK (circuit IN ('closed', 'open', 'half_open', 'off')),
    failures integer NOT NULL DEFAULT 0, -- in a row
    failing_since timestamptz,
    circuit_until timestamptz, -- no delivery before, except the probe that it then allows
    delivered_at timestamptz, -- when something was last delivered
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    removed_at timestamptz
);

-- The secrets of a forward, encrypted, the first one signs and fills {secret}.
CREATE TABLE forward_secrets (
    slug text COLLATE "C" NOT NULL REFERENCES forwards,
    position smallint NOT NULL,
    ciphertext bytea NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (slug, position)
);

-- One change of one conversion on its way to one forward. A conversion's later change waits until its earlier one is
-- settled; revisions give the order.
CREATE TABLE deliveries (
    dedup_key uuid NOT NULL,
    forward text COLLATE "C" NOT NULL,
    receipt uuid NOT NULL,
    revision integer NOT NULL,
    is_backfill boolean NOT NULL,
    state text COLLATE "C" NOT NULL CHECK (state IN ('waiting', 'delivered', 'failed', 'discarded')),
    attempts integer NOT NULL,
    due_at timestamptz NOT NULL,
    leased_until timestamptz,
    created_at timestamptz NOT NULL,
    settled_at timestamptz,
    PRIMARY KEY (dedup_key, forward, receipt)
);

-- A forward leases by its own part of the index, so the backlog of one costs the others nothing. What is backfilled comes
-- after what is live.
CREATE INDEX deliveries_due ON deliveries (forward, is_backfill, due_at) WHERE state = 'waiting';

-- What an operator may send again.
CREATE INDEX deliveries_failed ON deliveries (forward) WHERE state = 'failed';

-- Every attempt. The body of an answer is never stored.
CREATE TABLE delivery_attempts (
    dedup_key uuid NOT NULL,
    forward text COLLATE "C" NOT NULL,
    receipt uuid NOT NULL,
    attempt integer NOT NULL,
    at timestamptz NOT NULL,
    took_ms integer NOT NULL,
    http_status smallint,
    fault text COLLATE "C",
    PRIMARY KEY (dedup_key, forward, receipt, attempt)
);

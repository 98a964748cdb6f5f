-- What is due to a payee for a month in one currency, rounded once. `exact` is what its lines sum to; what rounding, a
-- minimum or a negative sum leave over is carried to the payee's next bill.
CREATE TABLE bills (
    id uuid PRIMARY KEY,
    number text COLLATE "C" NOT NULL UNIQUE,
    payee text COLLATE "C" NOT NULL,
    period date NOT NULL,
    currency text COLLATE "C" NOT NULL,
    nth integer NOT NULL, -- of this payee, currency and period, from 1
    exact numeric NOT NULL,
    carried_in numeric NOT NULL,
    amount numeric NOT NULL CHECK (amount >= 0),
    carried_out numeric NOT NULL,
    items_sha256 bytea NOT NULL, -- of the keys of its expense lines
    approved_by_rule text COLLATE "C", -- NULL if people decide, and of a bill that is carried
    state text COLLATE "C" NOT NULL CHECK (state IN ('waiting', 'approved', 'carried', 'exported', 'cancelled')),
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    UNIQUE (payee, currency, period, nth),
    CHECK (exact + carried_in = amount + carried_out)
);

CREATE INDEX bills_state ON bills (state);

-- A bill's lines by category, account and tax code, each rounded so that they sum to the bill. What is carried keeps its
-- category and account, so a line may hold only what was carried.
CREATE TABLE bill_lines (
    bill_id uuid NOT NULL,
    nth integer NOT NULL,
    category text NOT NULL,
    account text COLLATE "C",
    tax_code text COLLATE "C",
    exact numeric NOT NULL,
    carried_in numeric NOT NULL,
    amount numeric NOT NULL,
    items integer NOT NULL,
    PRIMARY KEY (bill_id, nth)
);

-- Which expense lines a bill holds. The key keeps a line out of a second bill.
CREATE TABLE bill_items (
    dedup_key uuid NOT NULL,
    seq integer NOT NULL,
    bill_id uuid NOT NULL,
    bill_line integer NOT NULL,
    PRIMARY KEY (dedup_key, seq)
);

CREATE INDEX bill_items_bill ON bill_items (bill_id);

-- Where bills are exported to: what is configured, and its secrets, encrypted.
CREATE TABLE export_targets (
    slug text COLLATE "C" PRIMARY KEY,
    settings jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    removed_at timestamptz
);

CREATE TABLE export_secrets (
    slug text COLLATE "C" NOT NULL REFERENCES export_targets,
    name text COLLATE "C" NOT NULL, -- 'login', 'password', 'secret-1' …
    ciphertext bytea NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (slug, name)
);

CREATE TABLE exports (
    bill_id uuid NOT NULL,
    target text COLLATE "C" NOT NULL,
    state text COLLATE "C" NOT NULL CHECK (state IN ('waiting', 'sent_unknown', 'exported', 'refused')),
    attempts integer NOT NULL,
    due_at timestamptz NOT NULL,
    leased_until timestamptz,
    content_sha256 bytea NOT NULL,
    reference text,
    fault text, -- of a refusal: the words of the target; else the word of the last failure
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (bill_id, target)
);

CREATE INDEX exports_due ON exports (target, due_at) WHERE state IN ('waiting', 'sent_unknown');

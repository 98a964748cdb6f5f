-- The first ledger. Three rules of Citus hold from here on, so that the same schema can be distributed later:
-- every unique key of a large table contains its distribution column (click_id, dedup_key, receipt), no foreign key
-- joins two large tables, and times are passed in, never taken from now().

-- Who fires postbacks at us. What an operator may set is one document, checked by the program that writes it.
CREATE TABLE sources (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    slug text COLLATE "C" NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9-]{1,40}$'),
    name text NOT NULL,
    settings jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    removed_at timestamptz -- a source with history is never deleted, only retired
);

-- The live secrets of a source, newest first; encrypted, because whoever reads this table must not be able to sign.
CREATE TABLE source_secrets (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source_id integer NOT NULL REFERENCES sources,
    position smallint NOT NULL,
    ciphertext bytea NOT NULL,
    created_at timestamptz NOT NULL,
    UNIQUE (source_id, position)
);

CREATE TABLE campaigns (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    slug text COLLATE "C" NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9-]{1,40}$'),
    name text NOT NULL,
    destination text NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    removed_at timestamptz
);

CREATE TABLE affiliates (
    id text COLLATE "C" PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 255),
    name text NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    removed_at timestamptz
);

-- One row: raised by every change of the four tables above, so that running workers see a change by reading one number.
CREATE TABLE policy_version (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    version bigint NOT NULL
);
INSERT INTO policy_version (version) VALUES (1);

-- A visit that was sent on. Ids that another system made have no campaign.
CREATE TABLE clicks (
    click_id text COLLATE "C" PRIMARY KEY,
    campaign_id integer,
    affiliate_id text COLLATE "C",
    subs jsonb,
    created_at timestamptz NOT NULL
);

-- What the postbacks say happened: one row per dedup key, for ever, whatever is dropped from postbacks.
CREATE TABLE conversions (
    dedup_key uuid PRIMARY KEY,
    id uuid NOT NULL, -- the receipt of the postback that opened it
    source_id integer NOT NULL,
    event text COLLATE "C" NOT NULL,
    transaction_id text COLLATE "C",
    click_id text COLLATE "C" NOT NULL,
    campaign_id integer,
    affiliate_id text COLLATE "C",
    status text COLLATE "C" NOT NULL CHECK (status IN ('pending', 'approved', 'rejected', 'reversed')),
    source_status text, -- the source's own word
    payout numeric,
    currency text COLLATE "C",
    subs jsonb,
    event_time timestamptz, -- by the source's clock; null where it sent none
    conflicted_at timestamptz, -- when a postback last contradicted this row; a person should look
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
) WITH (fillfactor = 90); -- room for a status change beside the row, without touching the indexes

CREATE INDEX conversions_id ON conversions (id);
CREATE INDEX conversions_click_id ON conversions (click_id);
-- A hash index, because these ids are long and in no order: a third of the size, and only equality is ever asked.
CREATE INDEX conversions_transaction_id ON conversions USING hash (transaction_id);

-- Every request that reached the backend, as received, with its verdict. Never changed; dropped by the day.
CREATE TABLE postbacks (
    id uuid NOT NULL, -- the receipt
    received_at timestamptz NOT NULL,
    source_id integer,
    source_ip inet,
    method text COLLATE "C" NOT NULL,
    verdict text COLLATE "C" NOT NULL,
    reason text COLLATE "C",
    parameter text COLLATE "C",
    conversion_id uuid,
    secret_id integer, -- the secret that matched
    event text COLLATE "C",
    click_id text COLLATE "C",
    transaction_id text COLLATE "C",
    status text COLLATE "C",
    source_status text,
    payout numeric,
    currency text COLLATE "C",
    event_time timestamptz,
    raw bytea NOT NULL, -- the parameters as sent, without signature, token and masked values
    PRIMARY KEY (id, received_at)
) PARTITION BY RANGE (received_at);

CREATE INDEX postbacks_conversion_id ON postbacks (conversion_id) WHERE conversion_id IS NOT NULL;
CREATE INDEX postbacks_click_id ON postbacks (click_id) WHERE conversion_id IS NULL AND click_id IS NOT NULL;
CREATE INDEX postbacks_transaction_id ON postbacks (transaction_id)
WHERE conversion_id IS NULL AND transaction_id IS NOT NULL;

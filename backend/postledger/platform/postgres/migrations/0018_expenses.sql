-- The settings of [finance], one row once a file with that section was applied. Conversions that were opened before
-- `since` have no lines; `postledger expenses backfill` moves it back.
CREATE TABLE finance (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    settings jsonb NOT NULL,
    since timestamptz NOT NULL,
    rules_version integer NOT NULL, -- of the expense rules in force; that version has no row if there are no rules
    updated_at timestamptz NOT NULL
);

CREATE TABLE payees (
    id text COLLATE "C" PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 255),
    name text NOT NULL,
    currency text COLLATE "C",
    tax_code text COLLATE "C",
    erp_reference text COLLATE "C",
    min_bill numeric,
    bank_account bytea, -- encrypted
    bank_account_hash bytea, -- keyed, so that a bank line can be matched without decrypting all accounts
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    removed_at timestamptz
);

-- All rules of one version of the configuration, in order. A version is never changed, so that a line names its very rule.
CREATE TABLE expense_rules (
    version integer NOT NULL,
    position integer NOT NULL,
    slug text COLLATE "C" NOT NULL,
    body jsonb NOT NULL,
    since timestamptz NOT NULL,
    actor text NOT NULL,
    PRIMARY KEY (version, position)
);

CREATE TABLE rates (
    base text COLLATE "C" NOT NULL,
    currency text COLLATE "C" NOT NULL,
    on_day date NOT NULL,
    rate numeric NOT NULL CHECK (rate > 0), -- units of `currency` for one unit of `base`
    origin text COLLATE "C" NOT NULL,
    imported_at timestamptz NOT NULL,
    PRIMARY KEY (base, currency, on_day)
);

-- A month of the books, by its first day. A month without a row is open.
CREATE TABLE periods (
    period date PRIMARY KEY,
    state text COLLATE "C" NOT NULL CHECK (state IN ('open', 'closing', 'locked')),
    version integer NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL
);

-- What conversions make payable or receivable. Lines are only ever added: for each conversion and currency they sum to
-- what it is worth now.
CREATE TABLE expense_lines (
    dedup_key uuid NOT NULL,
    seq integer NOT NULL,
    id uuid NOT NULL,
    conversion_id uuid NOT NULL,
    cause uuid NOT NULL, -- the receipt of the change, or the id of the task, that made it
    revision integer NOT NULL, -- of the conversion when the line was written
    kind text COLLATE "C" NOT NULL CHECK (kind IN ('accrual', 'adjustment', 'remap')),
    adjusts integer, -- the seq of the accrual that it changes
    direction text COLLATE "C" NOT NULL CHECK (direction IN ('payable', 'receivable')),
    source_id integer NOT NULL,
    campaign_id integer,
    affiliate_id text COLLATE "C",
    event text COLLATE "C" NOT NULL,
    conversion_status text COLLATE "C" NOT NULL,
    payee text COLLATE "C",
    category text,
    account text COLLATE "C",
    tax_code text COLLATE "C",
    rule_version integer,
    rule text COLLATE "C",
    unmapped text COLLATE "C" CHECK (unmapped IN ('no_rule', 'no_payee', 'no_amount', 'no_rate')),
    amount numeric NOT NULL,
    currency text COLLATE "C" NOT NULL,
    base_amount numeric,
    base_currency text COLLATE "C",
    rate numeric,
    rate_on date,
    origin_period date NOT NULL,
    period date NOT NULL,
    billable_from date,
    approved_by_rule text COLLATE "C",
    happened_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (dedup_key, seq),
    CHECK ((kind = 'accrual') = (adjusts IS NULL))
);

CREATE INDEX expense_lines_payee ON expense_lines (payee, period, currency);
CREATE INDEX expense_lines_unmapped ON expense_lines (created_at) WHERE unmapped IS NOT NULL;
CREATE INDEX expense_lines_created_at ON expense_lines (created_at);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON expense_lines FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only_all BEFORE TRUNCATE ON expense_lines FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

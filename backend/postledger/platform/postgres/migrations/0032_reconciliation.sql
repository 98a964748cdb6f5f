-- Month end: our bank accounts, runs of `reconcile`, what a statement line pays, work items, and the reports of locked months.
CREATE TABLE bank_accounts (
    slug text COLLATE "C" PRIMARY KEY,
    settings jsonb NOT NULL,
    account bytea NOT NULL, -- the IBAN or number, encrypted
    account_hash bytea NOT NULL, -- by which a statement finds its account
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    removed_at timestamptz
);

-- Runs. At most one runs for a source or an account, and a month.
CREATE TABLE reconciliations (
    id uuid PRIMARY KEY,
    kind text COLLATE "C" NOT NULL CHECK (kind IN ('report', 'bank')),
    source_id integer, -- of a report
    account text COLLATE "C", -- of a bank: the slug of the account
    period date NOT NULL,
    statement_id uuid, -- the report that was compared
    as_of timestamptz NOT NULL, -- the ledger as it was then
    state text COLLATE "C" NOT NULL CHECK (state IN ('running', 'done', 'failed')),
    counts jsonb, -- of a run that is done: by class and currency, the number and the stake
    fault text COLLATE "C", -- of a failed one: a word, never a value
    started_at timestamptz NOT NULL,
    ended_at timestamptz,
    started_by text NOT NULL,
    CHECK ((kind = 'report') = (source_id IS NOT NULL)),
    CHECK ((kind = 'bank') = (account IS NOT NULL))
);

CREATE INDEX reconciliations_period ON reconciliations (period, started_at);

-- What networks owe us for a month: the sum of the receivable lines of a payee, rounded once. Written by each run of a bank.
CREATE TABLE receivables (
    id uuid PRIMARY KEY,
    number text COLLATE "C" NOT NULL UNIQUE,
    payee text COLLATE "C" NOT NULL,
    period date NOT NULL,
    currency text COLLATE "C" NOT NULL,
    amount numeric NOT NULL,
    received numeric NOT NULL DEFAULT 0, -- the sum of its matched payments
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    UNIQUE (payee, currency, period)
);

-- What is paid of a bill: the sum of its matched payments. A bill that is approved or exported, and has some, is partly
-- paid or paid.
ALTER TABLE bills ADD COLUMN paid numeric NOT NULL DEFAULT 0;

-- What a statement line is. The parts of a bank line, as far as they are matched, confirmed or made by hand, add up to it.
-- A part that was undone stays on record.
CREATE TABLE matches (
    statement_id uuid NOT NULL,
    line_no integer NOT NULL,
    nth integer NOT NULL,
    dedup_key uuid, -- the conversion of a report line
    bill_id uuid, -- the bill that a bank line pays
    receivable_id uuid, -- what of ours a bank line pays
    part text COLLATE "C" NOT NULL CHECK (part IN ('payment', 'fee', 'fx', 'rounding', 'unapplied')),
    amount numeric NOT NULL, -- in the currency of the line
    currency text COLLATE "C" NOT NULL,
    applied_amount numeric, -- of a payment: in the currency of the bill
    applied_currency text COLLATE "C",
    method text COLLATE "C" NOT NULL CHECK (
        method IN (
            'transaction_id', 'click_id', 'amount_time', 'reference', 'payee_amount', 'payee_all', 'payee_subset',
            'by_hand'
        )
    ),
    state text COLLATE "C" NOT NULL CHECK (state IN ('proposed', 'matched', 'confirmed', 'undone')),
    proposal integer, -- which of several proposals of the line, from 1
    reasons text [] COLLATE "C", -- why it was proposed and not made
    run_id uuid, -- NULL: by hand
    confirmed_by text, -- who confirmed it, or made it by hand
    matched_at timestamptz NOT NULL,
    undone_at timestamptz,
    undone_by text,
    PRIMARY KEY (statement_id, line_no, nth)
);

CREATE INDEX matches_bill ON matches (bill_id) WHERE bill_id IS NOT NULL AND undone_at IS NULL;
CREATE INDEX matches_receivable ON matches (receivable_id) WHERE receivable_id IS NOT NULL AND undone_at IS NULL;
CREATE INDEX matches_conversion ON matches USING hash (dedup_key) WHERE dedup_key IS NOT NULL;

-- Work items: a difference that a person must look at. Its key is the same in every run, so its owner, note and state stay.
CREATE TABLE discrepancies (
    key bytea PRIMARY KEY,
    id bigint GENERATED ALWAYS AS IDENTITY UNIQUE, -- what people type
    kind text COLLATE "C" NOT NULL CHECK (kind IN ('report', 'bank')),
    class text COLLATE "C" NOT NULL CHECK (
        class IN (
            'amount_differs', 'currency_differs', 'status_differs', 'missing_at_network', 'missing_in_ledger',
            'other_period', 'duplicate_line', 'restated', 'proposed', 'unexplained_line', 'unapplied', 'unproven',
            'gap', 'overdue_receivable', 'after_lock'
        )
    ),
    source_id integer,
    account text COLLATE "C",
    period date NOT NULL,
    dedup_key uuid,
    statement_id uuid,
    line_no integer,
    bill_id uuid,
    receivable_id uuid,
    stake numeric NOT NULL, -- the money in question, never negative
    currency text COLLATE "C" NOT NULL,
    facts jsonb NOT NULL, -- what differs: ledger and network side, without texts of a bank
    facts_sha256 bytea NOT NULL, -- if it changes, a settled item is opened again
    state text COLLATE "C" NOT NULL CHECK (
        state IN ('open', 'assigned', 'disputed', 'resolved', 'accepted', 'gone')
    ),
    owner text COLLATE "C", -- the login
    resolution text COLLATE "C",
    settled_facts_sha256 bytea, -- the facts that a person settled
    version integer NOT NULL, -- raised by each change
    first_run uuid NOT NULL,
    last_run uuid NOT NULL, -- of the newest run that found it
    opened_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL
);

CREATE INDEX discrepancies_work ON discrepancies (period, class) WHERE state IN ('open', 'assigned', 'disputed');
CREATE INDEX discrepancies_scope ON discrepancies (kind, period, source_id, account);

-- What happened to a work item: notes of people, and each change of its state.
CREATE TABLE discrepancy_notes (
    key bytea NOT NULL,
    nth integer NOT NULL,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    action text COLLATE "C" NOT NULL CHECK (
        action IN ('opened', 'assigned', 'note', 'disputed', 'resolved', 'accepted', 'gone', 'reopened')
    ),
    note text, -- as a person wrote it
    PRIMARY KEY (key, nth)
);

-- The report of a month as it was when the month was locked. It never changes.
CREATE TABLE locked_reports (
    period date NOT NULL,
    version integer NOT NULL, -- of the period, so each lock has its own
    report jsonb NOT NULL,
    sha256 bytea NOT NULL,
    locked_at timestamptz NOT NULL,
    locked_by text NOT NULL,
    PRIMARY KEY (period, version)
);

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON locked_reports
FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only_all BEFORE TRUNCATE ON locked_reports
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- A second person must agree to an unlock.
ALTER TABLE periods ADD COLUMN unlock_asked_by text;
ALTER TABLE periods ADD COLUMN unlock_asked_at timestamptz;
ALTER TABLE periods ADD COLUMN unlock_reason text;

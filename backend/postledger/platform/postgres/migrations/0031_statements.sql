-- Statements: what networks report and what banks book, as it was in a file. A line that could not be read is a fault.
CREATE TABLE statements (
    id uuid PRIMARY KEY,
    kind text COLLATE "C" NOT NULL CHECK (kind IN ('network', 'bank')),
    source_id integer, -- of a network's report
    account text COLLATE "C", -- of a bank statement: the slug of the bank account
    format text COLLATE "C" NOT NULL, -- slug of the report format, or 'camt053', 'mt940' ...
    file_name text NOT NULL,
    file_sha256 bytea NOT NULL,
    number text, -- the bank's number of the statement
    period date, -- of a network's report: the first day of its month
    since date, -- the first and the last day that it covers
    until date,
    timezone text COLLATE "C", -- of a network's report: the zone of its days
    currency text COLLATE "C", -- of a bank statement
    opening numeric,
    closing numeric,
    proof text COLLATE "C" NOT NULL CHECK (proof IN ('proven', 'unproven', 'no_balances')),
    proof_difference numeric, -- opening + lines - closing, if that is not zero
    follows uuid, -- the statement before of the same account
    gap text COLLATE "C" CHECK (gap IN ('gap', 'overlap')), -- between that one and this
    replaces uuid, -- the report of the same source and period that was imported before
    replaced_at timestamptz, -- since when a newer report counts
    lines integer NOT NULL,
    known integer NOT NULL, -- lines of the file that were on record already, and were not added
    faults integer NOT NULL,
    imported_at timestamptz NOT NULL,
    imported_by text NOT NULL
);

CREATE UNIQUE INDEX statements_file ON statements (file_sha256, coalesce(account, ''), coalesce(number, ''));
CREATE INDEX statements_source ON statements (source_id, period) WHERE source_id IS NOT NULL;
CREATE INDEX statements_account ON statements (account, since) WHERE account IS NOT NULL;

CREATE TABLE statement_lines (
    statement_id uuid NOT NULL,
    line_no integer NOT NULL, -- of a file of text its line, of a table its row, of XML its entry, from 1
    booked_on date,
    valued_on date,
    happened_at timestamptz,
    amount numeric NOT NULL,
    currency text COLLATE "C" NOT NULL,
    fee numeric,
    instructed_amount numeric,
    instructed_currency text COLLATE "C",
    rate numeric,
    transaction_id text COLLATE "C",
    click_id text COLLATE "C",
    event text COLLATE "C",
    status text COLLATE "C" CHECK (status IN ('pending', 'approved', 'rejected', 'reversed')),
    status_word text,
    bank_reference text COLLATE "C",
    end_to_end text COLLATE "C",
    counterparty bytea, -- encrypted with the key of personal data, as the text is
    counterparty_account_hash bytea,
    remittance bytea,
    reversal boolean NOT NULL DEFAULT false,
    pending boolean NOT NULL DEFAULT false, -- a pending entry is no money
    fingerprint bytea NOT NULL, -- of day, amount, currency and text: equal lines have equal ones
    occurrence integer, -- of a bank line: the how many-eth equal line of its statement, from 1
    PRIMARY KEY (statement_id, line_no)
);

CREATE INDEX statement_lines_fingerprint ON statement_lines USING hash (fingerprint);
CREATE INDEX statement_lines_transaction ON statement_lines USING hash (transaction_id);

CREATE TABLE statement_faults (
    statement_id uuid NOT NULL,
    line_no integer NOT NULL,
    field text COLLATE "C",
    reason text COLLATE "C" NOT NULL,
    PRIMARY KEY (statement_id, line_no)
);

-- How the files of a network are read, as configured. Its presets are shipped.
CREATE TABLE report_formats (
    slug text COLLATE "C" PRIMARY KEY,
    settings jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    removed_at timestamptz
);

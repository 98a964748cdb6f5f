-- All approval rules of one version of the configuration, in order. A version is never changed, so that a line names its
-- very rule.
CREATE TABLE approval_rules (
    version integer NOT NULL,
    position integer NOT NULL,
    slug text COLLATE "C" NOT NULL,
    body jsonb NOT NULL,
    since timestamptz NOT NULL,
    actor text NOT NULL,
    PRIMARY KEY (version, position)
);

ALTER TABLE finance ADD COLUMN approval_rules_version integer; -- NULL before the first ones

-- A request to decide. It is bound to what it holds: if that changes it is superseded, and a new one is made.
CREATE TABLE approvals (
    id uuid PRIMARY KEY,
    subject text COLLATE "C" NOT NULL CHECK (subject IN ('line', 'payee_day', 'bill', 'payee_change')),
    subject_id text COLLATE "C" NOT NULL, -- of a line: dedup key and currency
    rule text COLLATE "C" NOT NULL,
    rule_version integer NOT NULL,
    payee text COLLATE "C",
    amount numeric,
    currency text COLLATE "C",
    created_by text, -- who caused it; NULL if a postback did
    step smallint NOT NULL, -- the step that waits, from 0
    steps text [] COLLATE "C" NOT NULL, -- the role of each step
    state text COLLATE "C" NOT NULL CHECK (state IN ('waiting', 'approved', 'rejected', 'returned', 'superseded')),
    content_sha256 bytea NOT NULL,
    created_at timestamptz NOT NULL,
    remind_at timestamptz,
    settled_at timestamptz
);

CREATE UNIQUE INDEX approvals_one_waiting ON approvals (subject, subject_id) WHERE state = 'waiting';
CREATE INDEX approvals_subject ON approvals (subject_id);

-- The expense lines that a request holds.
CREATE TABLE approval_lines (
    dedup_key uuid NOT NULL,
    seq integer NOT NULL,
    approval_id uuid NOT NULL,
    PRIMARY KEY (dedup_key, seq, approval_id)
);

CREATE INDEX approval_lines_approval ON approval_lines (approval_id);

CREATE TABLE approval_decisions (
    approval_id uuid NOT NULL,
    step smallint NOT NULL,
    user_id integer NOT NULL,
    for_user integer, -- whose delegate decided
    decision text COLLATE "C" NOT NULL CHECK (decision IN ('approve', 'reject', 'return')),
    content_sha256 bytea NOT NULL,
    comment text,
    decided_at timestamptz NOT NULL,
    PRIMARY KEY (approval_id, step)
);

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON approval_decisions FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only_all BEFORE TRUNCATE ON approval_decisions
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- What a payee's lines of one day sum to, so that a new line need not add them up again. A row of another version of the
-- approval rules than the one in force does not count.
CREATE TABLE payee_days (
    payee text COLLATE "C" NOT NULL,
    day date NOT NULL,
    currency text COLLATE "C" NOT NULL,
    amount numeric NOT NULL,
    base_amount numeric, -- NULL if a line had no rate
    base_currency text COLLATE "C",
    rules_version integer NOT NULL,
    PRIMARY KEY (payee, day, currency)
);

-- The rule that approved a line of the time before approval rules. Later lines name theirs themselves.
CREATE TABLE line_approvals (
    dedup_key uuid NOT NULL,
    seq integer NOT NULL,
    rule text COLLATE "C" NOT NULL,
    PRIMARY KEY (dedup_key, seq)
);

-- The lines that may be billed once they are due: mapped to a payee who is paid, and approved. A line that a request
-- holds or held needs an approved one, because the lines of a superseded request that had nothing left sum to nothing.
-- Before the first approval rules nothing needs approval. A changed payee gets nothing until the change is approved.
CREATE VIEW payable_lines AS
SELECT
    line.dedup_key, line.seq, line.id, line.conversion_id, line.kind, line.source_id, line.payee, line.category,
    line.account, line.tax_code, line.rule, line.rule_version, line.amount, line.currency, line.base_amount,
    line.base_currency, line.origin_period, line.period, line.billable_from, line.approved_by_rule, line.happened_at,
    line.created_at
FROM expense_lines AS line
CROSS JOIN LATERAL (
    SELECT
        bool_or(approvals.state = 'approved') AS is_approved,
        bool_or(approvals.state IN ('waiting', 'rejected', 'returned')) AS is_held
    FROM approval_lines
    JOIN approvals ON approvals.id = approval_lines.approval_id
    WHERE
        approval_lines.dedup_key = line.dedup_key AND approval_lines.seq = line.seq
        AND approvals.subject IN ('line', 'payee_day')
) AS request
WHERE
    line.direction = 'payable'
    AND line.payee IS NOT NULL
    AND line.unmapped IS NULL
    AND request.is_held IS NOT TRUE
    AND CASE
        WHEN request.is_approved IS NOT NULL THEN request.is_approved
        WHEN line.approved_by_rule IS NOT NULL THEN true
        ELSE
            EXISTS (
                SELECT FROM line_approvals
                WHERE line_approvals.dedup_key = line.dedup_key AND line_approvals.seq = line.seq
            )
            OR NOT EXISTS (SELECT FROM approval_rules)
    END
    AND NOT EXISTS (
        SELECT FROM approvals AS change
        WHERE
            change.subject_id = line.payee AND change.subject = 'payee_change'
            AND change.state IN ('waiting', 'rejected', 'returned')
    );

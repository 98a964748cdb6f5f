-- The schema as all migrations together make it, for people to read. A test compares it with a migrated database;
-- `python -m tests.parts.schema DATABASE_URL` prints it anew.

CREATE SCHEMA sandbox;

CREATE FUNCTION public.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE TABLE public.affiliates (
    id text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    removed_at timestamp with time zone,
    CONSTRAINT affiliates_id_check CHECK (((length(id) >= 1) AND (length(id) <= 255)))
);

CREATE TABLE public.approval_decisions (
    approval_id uuid NOT NULL,
    step smallint NOT NULL,
    user_id integer NOT NULL,
    for_user integer,
    decision text NOT NULL COLLATE pg_catalog."C",
    content_sha256 bytea NOT NULL,
    comment text,
    decided_at timestamp with time zone NOT NULL,
    CONSTRAINT approval_decisions_decision_check CHECK ((decision = ANY (ARRAY['approve'::text, 'reject'::text, 'return'::text])))
);

CREATE TABLE public.approval_lines (
    dedup_key uuid NOT NULL,
    seq integer NOT NULL,
    approval_id uuid NOT NULL
);

CREATE TABLE public.approval_rules (
    version integer NOT NULL,
    "position" integer NOT NULL,
    slug text NOT NULL COLLATE pg_catalog."C",
    body jsonb NOT NULL,
    since timestamp with time zone NOT NULL,
    actor text NOT NULL
);

CREATE TABLE public.approvals (
    id uuid NOT NULL,
    subject text NOT NULL COLLATE pg_catalog."C",
    subject_id text NOT NULL COLLATE pg_catalog."C",
    rule text NOT NULL COLLATE pg_catalog."C",
    rule_version integer NOT NULL,
    payee text COLLATE pg_catalog."C",
    amount numeric,
    currency text COLLATE pg_catalog."C",
    created_by text,
    step smallint NOT NULL,
    steps text[] NOT NULL COLLATE pg_catalog."C",
    state text NOT NULL COLLATE pg_catalog."C",
    content_sha256 bytea NOT NULL,
    created_at timestamp with time zone NOT NULL,
    remind_at timestamp with time zone,
    settled_at timestamp with time zone,
    CONSTRAINT approvals_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'approved'::text, 'rejected'::text, 'returned'::text, 'superseded'::text]))),
    CONSTRAINT approvals_subject_check CHECK ((subject = ANY (ARRAY['line'::text, 'payee_day'::text, 'bill'::text, 'payee_change'::text])))
);

CREATE TABLE public.audit_checks (
    only_row boolean DEFAULT true NOT NULL,
    seq bigint NOT NULL,
    hash bytea NOT NULL,
    verified_at timestamp with time zone,
    fault text COLLATE pg_catalog."C",
    fault_seq bigint,
    checked_at timestamp with time zone NOT NULL,
    CONSTRAINT audit_checks_fault_check CHECK ((fault = ANY (ARRAY['broken'::text, 'went_back'::text]))),
    CONSTRAINT audit_checks_only_row_check CHECK (only_row)
);

CREATE TABLE public.audit_head (
    only_row boolean DEFAULT true NOT NULL,
    seq bigint NOT NULL,
    hash bytea NOT NULL,
    CONSTRAINT audit_head_only_row_check CHECK (only_row)
);

CREATE TABLE public.audit_log (
    seq bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    actor text NOT NULL,
    action text NOT NULL COLLATE pg_catalog."C",
    subject text NOT NULL COLLATE pg_catalog."C",
    body bytea NOT NULL,
    prev bytea NOT NULL,
    hash bytea NOT NULL
);

CREATE TABLE public.bank_accounts (
    slug text NOT NULL COLLATE pg_catalog."C",
    settings jsonb NOT NULL,
    account bytea NOT NULL,
    account_hash bytea NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    removed_at timestamp with time zone
);

CREATE TABLE public.bill_items (
    dedup_key uuid NOT NULL,
    seq integer NOT NULL,
    bill_id uuid NOT NULL,
    bill_line integer NOT NULL
);

CREATE TABLE public.bill_lines (
    bill_id uuid NOT NULL,
    nth integer NOT NULL,
    category text NOT NULL,
    account text COLLATE pg_catalog."C",
    tax_code text COLLATE pg_catalog."C",
    exact numeric NOT NULL,
    carried_in numeric NOT NULL,
    amount numeric NOT NULL,
    items integer NOT NULL
);

CREATE TABLE public.bills (
    id uuid NOT NULL,
    number text NOT NULL COLLATE pg_catalog."C",
    payee text NOT NULL COLLATE pg_catalog."C",
    period date NOT NULL,
    currency text NOT NULL COLLATE pg_catalog."C",
    nth integer NOT NULL,
    exact numeric NOT NULL,
    carried_in numeric NOT NULL,
    amount numeric NOT NULL,
    carried_out numeric NOT NULL,
    items_sha256 bytea NOT NULL,
    approved_by_rule text COLLATE pg_catalog."C",
    state text NOT NULL COLLATE pg_catalog."C",
    created_by text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    paid numeric DEFAULT 0 NOT NULL,
    CONSTRAINT bills_amount_check CHECK ((amount >= (0)::numeric)),
    CONSTRAINT bills_check CHECK (((exact + carried_in) = (amount + carried_out))),
    CONSTRAINT bills_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'approved'::text, 'carried'::text, 'exported'::text, 'cancelled'::text])))
);

CREATE TABLE public.campaigns (
    id integer NOT NULL,
    slug text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL,
    destination text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    removed_at timestamp with time zone,
    click_rate integer DEFAULT 20 NOT NULL,
    click_burst integer DEFAULT 100 NOT NULL,
    CONSTRAINT campaigns_slug_check CHECK ((slug ~ '^[a-z0-9-]{1,40}$'::text))
);

ALTER TABLE public.campaigns ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.campaigns_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.clicks (
    click_id text NOT NULL COLLATE pg_catalog."C",
    campaign_id integer,
    affiliate_id text COLLATE pg_catalog."C",
    subs jsonb,
    created_at timestamp with time zone NOT NULL,
    is_imported boolean,
    label_notes jsonb
);

CREATE TABLE public.conversion_events (
    dedup_key uuid NOT NULL,
    id uuid NOT NULL,
    source_id integer NOT NULL,
    kind text NOT NULL COLLATE pg_catalog."C",
    reverses uuid,
    transaction_id text COLLATE pg_catalog."C",
    source_status text,
    payout numeric,
    payout_before numeric,
    delta numeric,
    currency text COLLATE pg_catalog."C",
    event_time timestamp with time zone,
    received_at timestamp with time zone NOT NULL,
    status_before text COLLATE pg_catalog."C",
    status_after text COLLATE pg_catalog."C",
    currency_before text COLLATE pg_catalog."C",
    revision integer
);

CREATE TABLE public.conversions (
    dedup_key uuid NOT NULL,
    id uuid NOT NULL,
    source_id integer NOT NULL,
    event text NOT NULL COLLATE pg_catalog."C",
    transaction_id text COLLATE pg_catalog."C",
    click_id text NOT NULL COLLATE pg_catalog."C",
    campaign_id integer,
    affiliate_id text COLLATE pg_catalog."C",
    status text NOT NULL COLLATE pg_catalog."C",
    source_status text,
    payout numeric,
    currency text COLLATE pg_catalog."C",
    subs jsonb,
    event_time timestamp with time zone,
    conflicted_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    unsigned text[],
    click_shed boolean,
    revision integer,
    CONSTRAINT conversions_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'approved'::text, 'rejected'::text, 'reversed'::text])))
)
WITH (fillfactor='90');

CREATE TABLE public.decision_links (
    token_sha256 bytea NOT NULL,
    approval_id uuid NOT NULL,
    user_id integer NOT NULL,
    content_sha256 bytea NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone
);

CREATE TABLE public.delegations (
    id integer NOT NULL,
    from_user integer NOT NULL,
    to_user integer NOT NULL,
    since timestamp with time zone NOT NULL,
    until timestamp with time zone NOT NULL,
    created_by text NOT NULL,
    CONSTRAINT delegations_check CHECK ((from_user <> to_user)),
    CONSTRAINT delegations_check1 CHECK ((since < until))
);

ALTER TABLE public.delegations ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.delegations_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.deliveries (
    dedup_key uuid NOT NULL,
    forward text NOT NULL COLLATE pg_catalog."C",
    receipt uuid NOT NULL,
    revision integer NOT NULL,
    is_backfill boolean NOT NULL,
    state text NOT NULL COLLATE pg_catalog."C",
    attempts integer NOT NULL,
    due_at timestamp with time zone NOT NULL,
    leased_until timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    settled_at timestamp with time zone,
    CONSTRAINT deliveries_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'delivered'::text, 'failed'::text, 'discarded'::text])))
);

CREATE TABLE public.delivery_attempts (
    dedup_key uuid NOT NULL,
    forward text NOT NULL COLLATE pg_catalog."C",
    receipt uuid NOT NULL,
    attempt integer NOT NULL,
    at timestamp with time zone NOT NULL,
    took_ms integer NOT NULL,
    http_status smallint,
    fault text COLLATE pg_catalog."C"
);

CREATE TABLE public.discrepancies (
    key bytea NOT NULL,
    id bigint NOT NULL,
    kind text NOT NULL COLLATE pg_catalog."C",
    class text NOT NULL COLLATE pg_catalog."C",
    source_id integer,
    account text COLLATE pg_catalog."C",
    period date NOT NULL,
    dedup_key uuid,
    statement_id uuid,
    line_no integer,
    bill_id uuid,
    receivable_id uuid,
    stake numeric NOT NULL,
    currency text NOT NULL COLLATE pg_catalog."C",
    facts jsonb NOT NULL,
    facts_sha256 bytea NOT NULL,
    state text NOT NULL COLLATE pg_catalog."C",
    owner text COLLATE pg_catalog."C",
    resolution text COLLATE pg_catalog."C",
    settled_facts_sha256 bytea,
    version integer NOT NULL,
    first_run uuid NOT NULL,
    last_run uuid NOT NULL,
    opened_at timestamp with time zone NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    CONSTRAINT discrepancies_class_check CHECK ((class = ANY (ARRAY['amount_differs'::text, 'currency_differs'::text, 'status_differs'::text, 'missing_at_network'::text, 'missing_in_ledger'::text, 'other_period'::text, 'duplicate_line'::text, 'restated'::text, 'proposed'::text, 'unexplained_line'::text, 'unapplied'::text, 'unproven'::text, 'gap'::text, 'overdue_receivable'::text, 'after_lock'::text]))),
    CONSTRAINT discrepancies_kind_check CHECK ((kind = ANY (ARRAY['report'::text, 'bank'::text]))),
    CONSTRAINT discrepancies_state_check CHECK ((state = ANY (ARRAY['open'::text, 'assigned'::text, 'disputed'::text, 'resolved'::text, 'accepted'::text, 'gone'::text])))
);

ALTER TABLE public.discrepancies ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.discrepancies_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.discrepancy_notes (
    key bytea NOT NULL,
    nth integer NOT NULL,
    at timestamp with time zone NOT NULL,
    actor text NOT NULL,
    action text NOT NULL COLLATE pg_catalog."C",
    note text,
    CONSTRAINT discrepancy_notes_action_check CHECK ((action = ANY (ARRAY['opened'::text, 'assigned'::text, 'note'::text, 'disputed'::text, 'resolved'::text, 'accepted'::text, 'gone'::text, 'reopened'::text])))
);

CREATE TABLE public.erasures (
    id integer NOT NULL,
    erased_at timestamp with time zone NOT NULL,
    actor text NOT NULL,
    kind text NOT NULL COLLATE pg_catalog."C",
    clicks bigint NOT NULL,
    postbacks bigint NOT NULL,
    conversions bigint NOT NULL,
    CONSTRAINT erasures_kind_check CHECK ((kind = ANY (ARRAY['click_id'::text, 'hash'::text])))
);

ALTER TABLE public.erasures ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.erasures_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.expense_lines (
    dedup_key uuid NOT NULL,
    seq integer NOT NULL,
    id uuid NOT NULL,
    conversion_id uuid NOT NULL,
    cause uuid NOT NULL,
    revision integer NOT NULL,
    kind text NOT NULL COLLATE pg_catalog."C",
    adjusts integer,
    direction text NOT NULL COLLATE pg_catalog."C",
    source_id integer NOT NULL,
    campaign_id integer,
    affiliate_id text COLLATE pg_catalog."C",
    event text NOT NULL COLLATE pg_catalog."C",
    conversion_status text NOT NULL COLLATE pg_catalog."C",
    payee text COLLATE pg_catalog."C",
    category text,
    account text COLLATE pg_catalog."C",
    tax_code text COLLATE pg_catalog."C",
    rule_version integer,
    rule text COLLATE pg_catalog."C",
    unmapped text COLLATE pg_catalog."C",
    amount numeric NOT NULL,
    currency text NOT NULL COLLATE pg_catalog."C",
    base_amount numeric,
    base_currency text COLLATE pg_catalog."C",
    rate numeric,
    rate_on date,
    origin_period date NOT NULL,
    period date NOT NULL,
    billable_from date,
    approved_by_rule text COLLATE pg_catalog."C",
    happened_at timestamp with time zone NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT expense_lines_check CHECK (((kind = 'accrual'::text) = (adjusts IS NULL))),
    CONSTRAINT expense_lines_direction_check CHECK ((direction = ANY (ARRAY['payable'::text, 'receivable'::text]))),
    CONSTRAINT expense_lines_kind_check CHECK ((kind = ANY (ARRAY['accrual'::text, 'adjustment'::text, 'remap'::text]))),
    CONSTRAINT expense_lines_unmapped_check CHECK ((unmapped = ANY (ARRAY['no_rule'::text, 'no_payee'::text, 'no_amount'::text, 'no_rate'::text])))
);

CREATE TABLE public.expense_rules (
    version integer NOT NULL,
    "position" integer NOT NULL,
    slug text NOT NULL COLLATE pg_catalog."C",
    body jsonb NOT NULL,
    since timestamp with time zone NOT NULL,
    actor text NOT NULL
);

CREATE TABLE public.export_secrets (
    slug text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL COLLATE pg_catalog."C",
    ciphertext bytea NOT NULL,
    created_at timestamp with time zone NOT NULL
);

CREATE TABLE public.export_targets (
    slug text NOT NULL COLLATE pg_catalog."C",
    settings jsonb NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    removed_at timestamp with time zone,
    failures integer DEFAULT 0 NOT NULL,
    paused_until timestamp with time zone
);

CREATE TABLE public.exports (
    bill_id uuid NOT NULL,
    target text NOT NULL COLLATE pg_catalog."C",
    state text NOT NULL COLLATE pg_catalog."C",
    attempts integer NOT NULL,
    due_at timestamp with time zone NOT NULL,
    leased_until timestamp with time zone,
    content_sha256 bytea NOT NULL,
    reference text,
    fault text,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT exports_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'sent_unknown'::text, 'exported'::text, 'refused'::text])))
);

CREATE TABLE public.finance (
    only_row boolean DEFAULT true NOT NULL,
    settings jsonb NOT NULL,
    since timestamp with time zone NOT NULL,
    rules_version integer NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    approval_rules_version integer,
    CONSTRAINT finance_only_row_check CHECK (only_row)
);

CREATE TABLE public.forward_secrets (
    slug text NOT NULL COLLATE pg_catalog."C",
    "position" smallint NOT NULL,
    ciphertext bytea NOT NULL,
    created_at timestamp with time zone NOT NULL
);

CREATE TABLE public.forwards (
    slug text NOT NULL COLLATE pg_catalog."C",
    settings jsonb NOT NULL,
    circuit text DEFAULT 'closed'::text NOT NULL COLLATE pg_catalog."C",
    failures integer DEFAULT 0 NOT NULL,
    failing_since timestamp with time zone,
    circuit_until timestamp with time zone,
    delivered_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    removed_at timestamp with time zone,
    CONSTRAINT forwards_circuit_check CHECK ((circuit = ANY (ARRAY['closed'::text, 'open'::text, 'half_open'::text, 'off'::text])))
);

CREATE TABLE public.idempotency_keys (
    user_id integer NOT NULL,
    key text NOT NULL COLLATE pg_catalog."C",
    request_sha256 bytea NOT NULL,
    answer bytea,
    created_at timestamp with time zone NOT NULL
);

CREATE TABLE public.instance_keys (
    name text NOT NULL COLLATE pg_catalog."C",
    ciphertext bytea NOT NULL,
    created_at timestamp with time zone NOT NULL
);

CREATE TABLE public.invariant_checks (
    invariant text NOT NULL COLLATE pg_catalog."C",
    broken bigint NOT NULL,
    checked_at timestamp with time zone NOT NULL
);

CREATE TABLE public.line_approvals (
    dedup_key uuid NOT NULL,
    seq integer NOT NULL,
    rule text NOT NULL COLLATE pg_catalog."C"
);

CREATE TABLE public.locked_reports (
    period date NOT NULL,
    version integer NOT NULL,
    report jsonb NOT NULL,
    sha256 bytea NOT NULL,
    locked_at timestamp with time zone NOT NULL,
    locked_by text NOT NULL
);

CREATE TABLE public.matches (
    statement_id uuid NOT NULL,
    line_no integer NOT NULL,
    nth integer NOT NULL,
    dedup_key uuid,
    bill_id uuid,
    receivable_id uuid,
    part text NOT NULL COLLATE pg_catalog."C",
    amount numeric NOT NULL,
    currency text NOT NULL COLLATE pg_catalog."C",
    applied_amount numeric,
    applied_currency text COLLATE pg_catalog."C",
    method text NOT NULL COLLATE pg_catalog."C",
    state text NOT NULL COLLATE pg_catalog."C",
    proposal integer,
    reasons text[] COLLATE pg_catalog."C",
    run_id uuid,
    confirmed_by text,
    matched_at timestamp with time zone NOT NULL,
    undone_at timestamp with time zone,
    undone_by text,
    CONSTRAINT matches_method_check CHECK ((method = ANY (ARRAY['transaction_id'::text, 'click_id'::text, 'amount_time'::text, 'reference'::text, 'payee_amount'::text, 'payee_all'::text, 'payee_subset'::text, 'by_hand'::text]))),
    CONSTRAINT matches_part_check CHECK ((part = ANY (ARRAY['payment'::text, 'fee'::text, 'fx'::text, 'rounding'::text, 'unapplied'::text]))),
    CONSTRAINT matches_state_check CHECK ((state = ANY (ARRAY['proposed'::text, 'matched'::text, 'confirmed'::text, 'undone'::text])))
);

CREATE TABLE public.notifications (
    id uuid NOT NULL,
    kind text NOT NULL COLLATE pg_catalog."C",
    subject_id text NOT NULL COLLATE pg_catalog."C",
    channel text NOT NULL COLLATE pg_catalog."C",
    user_id integer,
    created_at timestamp with time zone NOT NULL,
    due_at timestamp with time zone NOT NULL,
    leased_until timestamp with time zone,
    attempts integer DEFAULT 0 NOT NULL,
    state text DEFAULT 'waiting'::text NOT NULL COLLATE pg_catalog."C",
    fault text COLLATE pg_catalog."C",
    settled_at timestamp with time zone,
    CONSTRAINT notifications_channel_check CHECK ((channel = ANY (ARRAY['mail'::text, 'webhook'::text]))),
    CONSTRAINT notifications_kind_check CHECK ((kind = ANY (ARRAY['request'::text, 'reminder'::text, 'forward_off'::text, 'export_refused'::text]))),
    CONSTRAINT notifications_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'sent'::text, 'obsolete'::text, 'dropped'::text])))
);

CREATE TABLE public.notify (
    only_row boolean DEFAULT true NOT NULL,
    settings jsonb NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT notify_only_row_check CHECK (only_row)
);

CREATE TABLE public.notify_secrets (
    name text NOT NULL COLLATE pg_catalog."C",
    "position" smallint NOT NULL,
    ciphertext bytea NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT notify_secrets_name_check CHECK ((name = ANY (ARRAY['login'::text, 'password'::text, 'webhook'::text])))
);

CREATE TABLE public.outbox (
    received_at timestamp with time zone NOT NULL,
    dedup_key uuid NOT NULL,
    receipt uuid NOT NULL,
    revision integer NOT NULL,
    kind text NOT NULL COLLATE pg_catalog."C",
    CONSTRAINT outbox_kind_check CHECK ((kind = ANY (ARRAY['opened'::text, 'updated'::text, 'corrected'::text, 'refunded'::text, 'reversed'::text, 'backfilled'::text])))
);

CREATE TABLE public.parked_reversals (
    dedup_key uuid NOT NULL,
    id uuid NOT NULL,
    conversion_id uuid NOT NULL,
    source_id integer NOT NULL,
    transaction_id text COLLATE pg_catalog."C",
    source_status text,
    payout numeric,
    currency text COLLATE pg_catalog."C",
    event_time timestamp with time zone,
    unsigned text[],
    received_at timestamp with time zone NOT NULL,
    settled_at timestamp with time zone,
    settled_by text,
    outcome text COLLATE pg_catalog."C",
    CONSTRAINT parked_reversals_outcome_check CHECK ((outcome = ANY (ARRAY['updated'::text, 'duplicate'::text, 'conflict'::text, 'discarded'::text])))
);

CREATE TABLE public.partner_tokens (
    token_sha256 bytea NOT NULL,
    source_id integer NOT NULL,
    created_by text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone
);

CREATE VIEW public.payable_lines AS
 SELECT line.dedup_key,
    line.seq,
    line.id,
    line.conversion_id,
    line.kind,
    line.source_id,
    line.payee,
    line.category,
    line.account,
    line.tax_code,
    line.rule,
    line.rule_version,
    line.amount,
    line.currency,
    line.base_amount,
    line.base_currency,
    line.origin_period,
    line.period,
    line.billable_from,
    line.approved_by_rule,
    line.happened_at,
    line.created_at
   FROM (public.expense_lines line
     CROSS JOIN LATERAL ( SELECT bool_or((approvals.state = 'approved'::text)) AS is_approved,
            bool_or((approvals.state = ANY (ARRAY['waiting'::text, 'rejected'::text, 'returned'::text]))) AS is_held
           FROM (public.approval_lines
             JOIN public.approvals ON ((approvals.id = approval_lines.approval_id)))
          WHERE ((approval_lines.dedup_key = line.dedup_key) AND (approval_lines.seq = line.seq) AND (approvals.subject = ANY (ARRAY['line'::text, 'payee_day'::text])))) request)
  WHERE ((line.direction = 'payable'::text) AND (line.payee IS NOT NULL) AND (line.unmapped IS NULL) AND (request.is_held IS NOT TRUE) AND
        CASE
            WHEN (request.is_approved IS NOT NULL) THEN request.is_approved
            WHEN (line.approved_by_rule IS NOT NULL) THEN true
            ELSE ((EXISTS ( SELECT
               FROM public.line_approvals
              WHERE ((line_approvals.dedup_key = line.dedup_key) AND (line_approvals.seq = line.seq)))) OR (NOT (EXISTS ( SELECT
               FROM public.approval_rules))))
        END AND (NOT (EXISTS ( SELECT
           FROM public.approvals change
          WHERE ((change.subject_id = line.payee) AND (change.subject = 'payee_change'::text) AND (change.state = ANY (ARRAY['waiting'::text, 'rejected'::text, 'returned'::text])))))));

CREATE TABLE public.payee_days (
    payee text NOT NULL COLLATE pg_catalog."C",
    day date NOT NULL,
    currency text NOT NULL COLLATE pg_catalog."C",
    amount numeric NOT NULL,
    base_amount numeric,
    base_currency text COLLATE pg_catalog."C",
    rules_version integer NOT NULL
);

CREATE TABLE public.payees (
    id text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL,
    currency text COLLATE pg_catalog."C",
    tax_code text COLLATE pg_catalog."C",
    erp_reference text COLLATE pg_catalog."C",
    min_bill numeric,
    bank_account bytea,
    bank_account_hash bytea,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    removed_at timestamp with time zone,
    CONSTRAINT payees_id_check CHECK (((length(id) >= 1) AND (length(id) <= 255)))
);

CREATE TABLE public.periodic_tasks (
    name text NOT NULL COLLATE pg_catalog."C",
    due_at timestamp with time zone NOT NULL
);

CREATE TABLE public.periods (
    period date NOT NULL,
    state text NOT NULL COLLATE pg_catalog."C",
    version integer NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    changed_by text NOT NULL,
    unlock_asked_by text,
    unlock_asked_at timestamp with time zone,
    unlock_reason text,
    CONSTRAINT periods_state_check CHECK ((state = ANY (ARRAY['open'::text, 'closing'::text, 'locked'::text])))
);

CREATE TABLE public.policy_history (
    version bigint NOT NULL,
    subject text NOT NULL COLLATE pg_catalog."C",
    slug text NOT NULL COLLATE pg_catalog."C",
    action text NOT NULL COLLATE pg_catalog."C",
    keys text[] NOT NULL,
    settings jsonb,
    actor text NOT NULL,
    at timestamp with time zone NOT NULL
);

CREATE TABLE public.policy_version (
    only_row boolean DEFAULT true NOT NULL,
    version bigint NOT NULL,
    CONSTRAINT policy_version_only_row_check CHECK (only_row)
);

CREATE TABLE public.postbacks (
    id uuid NOT NULL,
    received_at timestamp with time zone NOT NULL,
    source_id integer,
    source_ip inet,
    method text NOT NULL COLLATE pg_catalog."C",
    verdict text NOT NULL COLLATE pg_catalog."C",
    reason text COLLATE pg_catalog."C",
    parameter text COLLATE pg_catalog."C",
    conversion_id uuid,
    secret_id integer,
    event text COLLATE pg_catalog."C",
    click_id text COLLATE pg_catalog."C",
    transaction_id text COLLATE pg_catalog."C",
    status text COLLATE pg_catalog."C",
    source_status text,
    payout numeric,
    currency text COLLATE pg_catalog."C",
    event_time timestamp with time zone,
    raw bytea NOT NULL,
    observed text[],
    cause text COLLATE pg_catalog."C",
    byte_offset integer,
    click_shed boolean,
    label_notes jsonb,
    raw_length integer,
    raw_sha256 bytea,
    body_kind text COLLATE pg_catalog."C",
    scheme smallint,
    decoding text COLLATE pg_catalog."C",
    signed_at timestamp with time zone,
    idempotency_key text COLLATE pg_catalog."C",
    policy_version bigint,
    replay_of uuid
)
PARTITION BY RANGE (received_at);

CREATE TABLE public.publications (
    dedup_key uuid NOT NULL,
    receipt uuid NOT NULL,
    revision integer NOT NULL,
    kind text NOT NULL COLLATE pg_catalog."C",
    received_at timestamp with time zone NOT NULL,
    published_at timestamp with time zone,
    refusals integer DEFAULT 0 NOT NULL,
    due_at timestamp with time zone
);

CREATE TABLE public.rates (
    base text NOT NULL COLLATE pg_catalog."C",
    currency text NOT NULL COLLATE pg_catalog."C",
    on_day date NOT NULL,
    rate numeric NOT NULL,
    origin text NOT NULL COLLATE pg_catalog."C",
    imported_at timestamp with time zone NOT NULL,
    CONSTRAINT rates_rate_check CHECK ((rate > (0)::numeric))
);

CREATE TABLE public.receivables (
    id uuid NOT NULL,
    number text NOT NULL COLLATE pg_catalog."C",
    payee text NOT NULL COLLATE pg_catalog."C",
    period date NOT NULL,
    currency text NOT NULL COLLATE pg_catalog."C",
    amount numeric NOT NULL,
    received numeric DEFAULT 0 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL
);

CREATE TABLE public.reconciliations (
    id uuid NOT NULL,
    kind text NOT NULL COLLATE pg_catalog."C",
    source_id integer,
    account text COLLATE pg_catalog."C",
    period date NOT NULL,
    statement_id uuid,
    as_of timestamp with time zone NOT NULL,
    state text NOT NULL COLLATE pg_catalog."C",
    counts jsonb,
    fault text COLLATE pg_catalog."C",
    started_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    started_by text NOT NULL,
    CONSTRAINT reconciliations_check CHECK (((kind = 'report'::text) = (source_id IS NOT NULL))),
    CONSTRAINT reconciliations_check1 CHECK (((kind = 'bank'::text) = (account IS NOT NULL))),
    CONSTRAINT reconciliations_kind_check CHECK ((kind = ANY (ARRAY['report'::text, 'bank'::text]))),
    CONSTRAINT reconciliations_state_check CHECK ((state = ANY (ARRAY['running'::text, 'done'::text, 'failed'::text])))
);

CREATE TABLE public.replayed_postbacks (
    postback uuid NOT NULL,
    replay uuid NOT NULL,
    receipt uuid NOT NULL,
    received_at timestamp with time zone NOT NULL
);

CREATE TABLE public.replays (
    id uuid NOT NULL,
    selection jsonb NOT NULL,
    state text NOT NULL COLLATE pg_catalog."C",
    cursor_received_at timestamp with time zone,
    cursor_id uuid,
    counts jsonb NOT NULL,
    actor text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT replays_state_check CHECK ((state = ANY (ARRAY['running'::text, 'done'::text, 'parked'::text, 'discarded'::text])))
);

CREATE TABLE public.report_formats (
    slug text NOT NULL COLLATE pg_catalog."C",
    settings jsonb NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    removed_at timestamp with time zone
);

CREATE TABLE public.retired_secrets (
    id integer NOT NULL,
    source_id integer NOT NULL,
    ciphertext bytea NOT NULL,
    created_at timestamp with time zone NOT NULL,
    retired_at timestamp with time zone NOT NULL,
    may_return boolean DEFAULT false NOT NULL
);

ALTER TABLE public.retired_secrets ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.retired_secrets_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.schema_migrations (
    name text NOT NULL COLLATE pg_catalog."C",
    checksum text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.set_aside_changes (
    received_at timestamp with time zone NOT NULL,
    dedup_key uuid NOT NULL,
    receipt uuid NOT NULL,
    revision integer NOT NULL,
    kind text NOT NULL COLLATE pg_catalog."C",
    fault text NOT NULL,
    set_aside_at timestamp with time zone NOT NULL
);

CREATE TABLE public.source_secrets (
    id integer NOT NULL,
    source_id integer NOT NULL,
    "position" smallint NOT NULL,
    ciphertext bytea NOT NULL,
    created_at timestamp with time zone NOT NULL,
    last_matched_at timestamp with time zone
);

ALTER TABLE public.source_secrets ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.source_secrets_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.sources (
    id integer NOT NULL,
    slug text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL,
    settings jsonb NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    removed_at timestamp with time zone,
    CONSTRAINT sources_slug_check CHECK ((slug ~ '^[a-z0-9-]{1,40}$'::text))
);

ALTER TABLE public.sources ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.sources_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.statement_faults (
    statement_id uuid NOT NULL,
    line_no integer NOT NULL,
    field text COLLATE pg_catalog."C",
    reason text NOT NULL COLLATE pg_catalog."C"
);

CREATE TABLE public.statement_lines (
    statement_id uuid NOT NULL,
    line_no integer NOT NULL,
    booked_on date,
    valued_on date,
    happened_at timestamp with time zone,
    amount numeric NOT NULL,
    currency text NOT NULL COLLATE pg_catalog."C",
    fee numeric,
    instructed_amount numeric,
    instructed_currency text COLLATE pg_catalog."C",
    rate numeric,
    transaction_id text COLLATE pg_catalog."C",
    click_id text COLLATE pg_catalog."C",
    event text COLLATE pg_catalog."C",
    status text COLLATE pg_catalog."C",
    status_word text,
    bank_reference text COLLATE pg_catalog."C",
    end_to_end text COLLATE pg_catalog."C",
    counterparty bytea,
    counterparty_account_hash bytea,
    remittance bytea,
    reversal boolean DEFAULT false NOT NULL,
    pending boolean DEFAULT false NOT NULL,
    fingerprint bytea NOT NULL,
    occurrence integer,
    CONSTRAINT statement_lines_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'approved'::text, 'rejected'::text, 'reversed'::text])))
);

CREATE TABLE public.statements (
    id uuid NOT NULL,
    kind text NOT NULL COLLATE pg_catalog."C",
    source_id integer,
    account text COLLATE pg_catalog."C",
    format text NOT NULL COLLATE pg_catalog."C",
    file_name text NOT NULL,
    file_sha256 bytea NOT NULL,
    number text,
    period date,
    since date,
    until date,
    timezone text COLLATE pg_catalog."C",
    currency text COLLATE pg_catalog."C",
    opening numeric,
    closing numeric,
    proof text NOT NULL COLLATE pg_catalog."C",
    proof_difference numeric,
    follows uuid,
    gap text COLLATE pg_catalog."C",
    replaces uuid,
    replaced_at timestamp with time zone,
    lines integer NOT NULL,
    known integer NOT NULL,
    faults integer NOT NULL,
    imported_at timestamp with time zone NOT NULL,
    imported_by text NOT NULL,
    CONSTRAINT statements_gap_check CHECK ((gap = ANY (ARRAY['gap'::text, 'overlap'::text]))),
    CONSTRAINT statements_kind_check CHECK ((kind = ANY (ARRAY['network'::text, 'bank'::text]))),
    CONSTRAINT statements_proof_check CHECK ((proof = ANY (ARRAY['proven'::text, 'unproven'::text, 'no_balances'::text])))
);

CREATE TABLE public.tasks (
    id uuid NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C",
    args jsonb NOT NULL,
    unique_key text COLLATE pg_catalog."C",
    state text NOT NULL COLLATE pg_catalog."C",
    attempts integer NOT NULL,
    due_at timestamp with time zone NOT NULL,
    leased_until timestamp with time zone,
    fault text,
    progress jsonb,
    created_by text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    settled_at timestamp with time zone,
    CONSTRAINT tasks_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'done'::text, 'dead'::text, 'discarded'::text])))
);

CREATE TABLE public.tokens (
    id uuid NOT NULL,
    user_id integer NOT NULL,
    token_sha256 bytea NOT NULL,
    scopes text[] NOT NULL COLLATE pg_catalog."C",
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone,
    used_at timestamp with time zone,
    revoked_at timestamp with time zone
);

CREATE TABLE public.unauthenticated_bytes (
    day date NOT NULL,
    source_id integer NOT NULL,
    bytes bigint NOT NULL
);

CREATE TABLE public.users (
    id integer NOT NULL,
    login text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL,
    roles text[] NOT NULL COLLATE pg_catalog."C",
    email text,
    os_user text COLLATE pg_catalog."C",
    payee text COLLATE pg_catalog."C",
    password text,
    created_at timestamp with time zone NOT NULL,
    disabled_at timestamp with time zone,
    CONSTRAINT users_login_check CHECK (((length(login) >= 1) AND (length(login) <= 64)))
);

ALTER TABLE public.users ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.users_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE sandbox.test_clicks (
    click_id text NOT NULL COLLATE pg_catalog."C",
    campaign_id integer,
    affiliate_id text COLLATE pg_catalog."C",
    subs jsonb,
    created_at timestamp with time zone NOT NULL,
    is_imported boolean,
    label_notes jsonb
);

CREATE VIEW sandbox.clicks AS
 SELECT clicks.click_id,
    clicks.campaign_id,
    clicks.affiliate_id,
    clicks.subs,
    clicks.created_at,
    clicks.is_imported,
    clicks.label_notes
   FROM public.clicks
UNION ALL
 SELECT test_clicks.click_id,
    test_clicks.campaign_id,
    test_clicks.affiliate_id,
    test_clicks.subs,
    test_clicks.created_at,
    test_clicks.is_imported,
    test_clicks.label_notes
   FROM sandbox.test_clicks;

CREATE TABLE sandbox.conversion_events (
    dedup_key uuid NOT NULL,
    id uuid NOT NULL,
    source_id integer NOT NULL,
    kind text NOT NULL COLLATE pg_catalog."C",
    reverses uuid,
    transaction_id text COLLATE pg_catalog."C",
    source_status text,
    payout numeric,
    payout_before numeric,
    delta numeric,
    currency text COLLATE pg_catalog."C",
    event_time timestamp with time zone,
    received_at timestamp with time zone NOT NULL,
    status_before text COLLATE pg_catalog."C",
    status_after text COLLATE pg_catalog."C",
    currency_before text COLLATE pg_catalog."C",
    revision integer,
    CONSTRAINT conversion_events_kind_check CHECK ((kind = ANY (ARRAY['status'::text, 'correction'::text, 'refund'::text, 'reversal'::text]))),
    CONSTRAINT conversion_events_reverses_check CHECK (((reverses IS NULL) = (kind = ANY (ARRAY['status'::text, 'correction'::text]))))
);

CREATE TABLE sandbox.conversions (
    dedup_key uuid NOT NULL,
    id uuid NOT NULL,
    source_id integer NOT NULL,
    event text NOT NULL COLLATE pg_catalog."C",
    transaction_id text COLLATE pg_catalog."C",
    click_id text NOT NULL COLLATE pg_catalog."C",
    campaign_id integer,
    affiliate_id text COLLATE pg_catalog."C",
    status text NOT NULL COLLATE pg_catalog."C",
    source_status text,
    payout numeric,
    currency text COLLATE pg_catalog."C",
    subs jsonb,
    event_time timestamp with time zone,
    conflicted_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    unsigned text[],
    click_shed boolean,
    revision integer,
    CONSTRAINT conversions_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'approved'::text, 'rejected'::text, 'reversed'::text])))
);

CREATE TABLE sandbox.outbox (
    received_at timestamp with time zone NOT NULL,
    dedup_key uuid NOT NULL,
    receipt uuid NOT NULL,
    revision integer NOT NULL,
    kind text NOT NULL COLLATE pg_catalog."C",
    CONSTRAINT outbox_kind_check CHECK ((kind = ANY (ARRAY['opened'::text, 'updated'::text, 'corrected'::text, 'refunded'::text, 'reversed'::text, 'backfilled'::text])))
);

CREATE TABLE sandbox.parked_reversals (
    dedup_key uuid NOT NULL,
    id uuid NOT NULL,
    conversion_id uuid NOT NULL,
    source_id integer NOT NULL,
    transaction_id text COLLATE pg_catalog."C",
    source_status text,
    payout numeric,
    currency text COLLATE pg_catalog."C",
    event_time timestamp with time zone,
    unsigned text[],
    received_at timestamp with time zone NOT NULL,
    settled_at timestamp with time zone,
    settled_by text,
    outcome text COLLATE pg_catalog."C",
    CONSTRAINT parked_reversals_outcome_check CHECK ((outcome = ANY (ARRAY['updated'::text, 'duplicate'::text, 'conflict'::text, 'discarded'::text])))
);

CREATE TABLE sandbox.postbacks (
    id uuid NOT NULL,
    received_at timestamp with time zone NOT NULL,
    source_id integer,
    source_ip inet,
    method text NOT NULL COLLATE pg_catalog."C",
    verdict text NOT NULL COLLATE pg_catalog."C",
    reason text COLLATE pg_catalog."C",
    parameter text COLLATE pg_catalog."C",
    conversion_id uuid,
    secret_id integer,
    event text COLLATE pg_catalog."C",
    click_id text COLLATE pg_catalog."C",
    transaction_id text COLLATE pg_catalog."C",
    status text COLLATE pg_catalog."C",
    source_status text,
    payout numeric,
    currency text COLLATE pg_catalog."C",
    event_time timestamp with time zone,
    raw bytea NOT NULL,
    observed text[],
    cause text COLLATE pg_catalog."C",
    byte_offset integer,
    click_shed boolean,
    label_notes jsonb,
    raw_length integer,
    raw_sha256 bytea,
    body_kind text COLLATE pg_catalog."C",
    scheme smallint,
    decoding text COLLATE pg_catalog."C",
    signed_at timestamp with time zone,
    idempotency_key text COLLATE pg_catalog."C",
    policy_version bigint,
    replay_of uuid
);

CREATE TABLE sandbox.unauthenticated_bytes (
    day date NOT NULL,
    source_id integer NOT NULL,
    bytes bigint NOT NULL
);

ALTER TABLE ONLY public.affiliates
    ADD CONSTRAINT affiliates_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.approval_decisions
    ADD CONSTRAINT approval_decisions_pkey PRIMARY KEY (approval_id, step);

ALTER TABLE ONLY public.approval_lines
    ADD CONSTRAINT approval_lines_pkey PRIMARY KEY (dedup_key, seq, approval_id);

ALTER TABLE ONLY public.approval_rules
    ADD CONSTRAINT approval_rules_pkey PRIMARY KEY (version, "position");

ALTER TABLE ONLY public.approvals
    ADD CONSTRAINT approvals_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.audit_checks
    ADD CONSTRAINT audit_checks_pkey PRIMARY KEY (only_row);

ALTER TABLE ONLY public.audit_head
    ADD CONSTRAINT audit_head_pkey PRIMARY KEY (only_row);

ALTER TABLE ONLY public.audit_log
    ADD CONSTRAINT audit_log_hash_key UNIQUE (hash);

ALTER TABLE ONLY public.audit_log
    ADD CONSTRAINT audit_log_pkey PRIMARY KEY (seq);

ALTER TABLE ONLY public.bank_accounts
    ADD CONSTRAINT bank_accounts_pkey PRIMARY KEY (slug);

ALTER TABLE ONLY public.bill_items
    ADD CONSTRAINT bill_items_pkey PRIMARY KEY (dedup_key, seq);

ALTER TABLE ONLY public.bill_lines
    ADD CONSTRAINT bill_lines_pkey PRIMARY KEY (bill_id, nth);

ALTER TABLE ONLY public.bills
    ADD CONSTRAINT bills_number_key UNIQUE (number);

ALTER TABLE ONLY public.bills
    ADD CONSTRAINT bills_payee_currency_period_nth_key UNIQUE (payee, currency, period, nth);

ALTER TABLE ONLY public.bills
    ADD CONSTRAINT bills_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.campaigns
    ADD CONSTRAINT campaigns_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.campaigns
    ADD CONSTRAINT campaigns_slug_key UNIQUE (slug);

ALTER TABLE ONLY public.clicks
    ADD CONSTRAINT clicks_pkey PRIMARY KEY (click_id);

ALTER TABLE public.conversion_events
    ADD CONSTRAINT conversion_events_kind_check CHECK ((kind = ANY (ARRAY['status'::text, 'correction'::text, 'refund'::text, 'reversal'::text]))) NOT VALID;

ALTER TABLE ONLY public.conversion_events
    ADD CONSTRAINT conversion_events_pkey PRIMARY KEY (dedup_key, id);

ALTER TABLE public.conversion_events
    ADD CONSTRAINT conversion_events_reverses_check CHECK (((reverses IS NULL) = (kind = ANY (ARRAY['status'::text, 'correction'::text])))) NOT VALID;

ALTER TABLE ONLY public.conversions
    ADD CONSTRAINT conversions_pkey PRIMARY KEY (dedup_key);

ALTER TABLE ONLY public.decision_links
    ADD CONSTRAINT decision_links_pkey PRIMARY KEY (token_sha256);

ALTER TABLE ONLY public.delegations
    ADD CONSTRAINT delegations_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.deliveries
    ADD CONSTRAINT deliveries_pkey PRIMARY KEY (dedup_key, forward, receipt);

ALTER TABLE ONLY public.delivery_attempts
    ADD CONSTRAINT delivery_attempts_pkey PRIMARY KEY (dedup_key, forward, receipt, attempt);

ALTER TABLE ONLY public.discrepancies
    ADD CONSTRAINT discrepancies_id_key UNIQUE (id);

ALTER TABLE ONLY public.discrepancies
    ADD CONSTRAINT discrepancies_pkey PRIMARY KEY (key);

ALTER TABLE ONLY public.discrepancy_notes
    ADD CONSTRAINT discrepancy_notes_pkey PRIMARY KEY (key, nth);

ALTER TABLE ONLY public.erasures
    ADD CONSTRAINT erasures_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.expense_lines
    ADD CONSTRAINT expense_lines_pkey PRIMARY KEY (dedup_key, seq);

ALTER TABLE ONLY public.expense_rules
    ADD CONSTRAINT expense_rules_pkey PRIMARY KEY (version, "position");

ALTER TABLE ONLY public.export_secrets
    ADD CONSTRAINT export_secrets_pkey PRIMARY KEY (slug, name);

ALTER TABLE ONLY public.export_targets
    ADD CONSTRAINT export_targets_pkey PRIMARY KEY (slug);

ALTER TABLE ONLY public.exports
    ADD CONSTRAINT exports_pkey PRIMARY KEY (bill_id, target);

ALTER TABLE ONLY public.finance
    ADD CONSTRAINT finance_pkey PRIMARY KEY (only_row);

ALTER TABLE ONLY public.forward_secrets
    ADD CONSTRAINT forward_secrets_pkey PRIMARY KEY (slug, "position");

ALTER TABLE ONLY public.forwards
    ADD CONSTRAINT forwards_pkey PRIMARY KEY (slug);

ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY (user_id, key);

ALTER TABLE ONLY public.instance_keys
    ADD CONSTRAINT instance_keys_pkey PRIMARY KEY (name);

ALTER TABLE ONLY public.invariant_checks
    ADD CONSTRAINT invariant_checks_pkey PRIMARY KEY (invariant);

ALTER TABLE ONLY public.line_approvals
    ADD CONSTRAINT line_approvals_pkey PRIMARY KEY (dedup_key, seq);

ALTER TABLE ONLY public.locked_reports
    ADD CONSTRAINT locked_reports_pkey PRIMARY KEY (period, version);

ALTER TABLE ONLY public.matches
    ADD CONSTRAINT matches_pkey PRIMARY KEY (statement_id, line_no, nth);

ALTER TABLE ONLY public.notifications
    ADD CONSTRAINT notifications_kind_subject_id_channel_user_id_created_at_key UNIQUE NULLS NOT DISTINCT (kind, subject_id, channel, user_id, created_at);

ALTER TABLE ONLY public.notifications
    ADD CONSTRAINT notifications_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.notify
    ADD CONSTRAINT notify_pkey PRIMARY KEY (only_row);

ALTER TABLE ONLY public.notify_secrets
    ADD CONSTRAINT notify_secrets_pkey PRIMARY KEY (name, "position");

ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_pkey PRIMARY KEY (received_at, dedup_key, receipt);

ALTER TABLE ONLY public.parked_reversals
    ADD CONSTRAINT parked_reversals_pkey PRIMARY KEY (dedup_key, id);

ALTER TABLE ONLY public.partner_tokens
    ADD CONSTRAINT partner_tokens_pkey PRIMARY KEY (token_sha256);

ALTER TABLE ONLY public.payee_days
    ADD CONSTRAINT payee_days_pkey PRIMARY KEY (payee, day, currency);

ALTER TABLE ONLY public.payees
    ADD CONSTRAINT payees_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.periodic_tasks
    ADD CONSTRAINT periodic_tasks_pkey PRIMARY KEY (name);

ALTER TABLE ONLY public.periods
    ADD CONSTRAINT periods_pkey PRIMARY KEY (period);

ALTER TABLE ONLY public.policy_history
    ADD CONSTRAINT policy_history_pkey PRIMARY KEY (version, subject, slug, action);

ALTER TABLE ONLY public.policy_version
    ADD CONSTRAINT policy_version_pkey PRIMARY KEY (only_row);

ALTER TABLE ONLY public.postbacks
    ADD CONSTRAINT postbacks_pkey PRIMARY KEY (id, received_at);

ALTER TABLE ONLY public.publications
    ADD CONSTRAINT publications_pkey PRIMARY KEY (dedup_key, receipt);

ALTER TABLE ONLY public.rates
    ADD CONSTRAINT rates_pkey PRIMARY KEY (base, currency, on_day);

ALTER TABLE ONLY public.receivables
    ADD CONSTRAINT receivables_number_key UNIQUE (number);

ALTER TABLE ONLY public.receivables
    ADD CONSTRAINT receivables_payee_currency_period_key UNIQUE (payee, currency, period);

ALTER TABLE ONLY public.receivables
    ADD CONSTRAINT receivables_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.reconciliations
    ADD CONSTRAINT reconciliations_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.replayed_postbacks
    ADD CONSTRAINT replayed_postbacks_pkey PRIMARY KEY (postback, replay);

ALTER TABLE ONLY public.replays
    ADD CONSTRAINT replays_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.report_formats
    ADD CONSTRAINT report_formats_pkey PRIMARY KEY (slug);

ALTER TABLE ONLY public.retired_secrets
    ADD CONSTRAINT retired_secrets_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (name);

ALTER TABLE ONLY public.set_aside_changes
    ADD CONSTRAINT set_aside_changes_pkey PRIMARY KEY (received_at, dedup_key, receipt);

ALTER TABLE ONLY public.source_secrets
    ADD CONSTRAINT source_secrets_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.source_secrets
    ADD CONSTRAINT source_secrets_source_id_position_key UNIQUE (source_id, "position");

ALTER TABLE ONLY public.sources
    ADD CONSTRAINT sources_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.sources
    ADD CONSTRAINT sources_slug_key UNIQUE (slug);

ALTER TABLE ONLY public.statement_faults
    ADD CONSTRAINT statement_faults_pkey PRIMARY KEY (statement_id, line_no);

ALTER TABLE ONLY public.statement_lines
    ADD CONSTRAINT statement_lines_pkey PRIMARY KEY (statement_id, line_no);

ALTER TABLE ONLY public.statements
    ADD CONSTRAINT statements_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.tasks
    ADD CONSTRAINT tasks_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.tokens
    ADD CONSTRAINT tokens_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.tokens
    ADD CONSTRAINT tokens_token_sha256_key UNIQUE (token_sha256);

ALTER TABLE ONLY public.unauthenticated_bytes
    ADD CONSTRAINT unauthenticated_bytes_pkey PRIMARY KEY (day, source_id);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_login_key UNIQUE (login);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_os_user_key UNIQUE (os_user);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);

ALTER TABLE ONLY sandbox.conversion_events
    ADD CONSTRAINT conversion_events_pkey PRIMARY KEY (dedup_key, id);

ALTER TABLE ONLY sandbox.conversions
    ADD CONSTRAINT conversions_pkey PRIMARY KEY (dedup_key);

ALTER TABLE ONLY sandbox.outbox
    ADD CONSTRAINT outbox_pkey PRIMARY KEY (received_at, dedup_key, receipt);

ALTER TABLE ONLY sandbox.parked_reversals
    ADD CONSTRAINT parked_reversals_pkey PRIMARY KEY (dedup_key, id);

ALTER TABLE ONLY sandbox.postbacks
    ADD CONSTRAINT postbacks_pkey PRIMARY KEY (id, received_at);

ALTER TABLE ONLY sandbox.test_clicks
    ADD CONSTRAINT test_clicks_pkey PRIMARY KEY (click_id);

ALTER TABLE ONLY sandbox.unauthenticated_bytes
    ADD CONSTRAINT unauthenticated_bytes_pkey PRIMARY KEY (day, source_id);

CREATE INDEX approval_lines_approval ON public.approval_lines USING btree (approval_id);

CREATE UNIQUE INDEX approvals_one_waiting ON public.approvals USING btree (subject, subject_id) WHERE (state = 'waiting'::text);

CREATE INDEX approvals_subject ON public.approvals USING btree (subject_id);

CREATE INDEX bill_items_bill ON public.bill_items USING btree (bill_id);

CREATE INDEX bills_state ON public.bills USING btree (state);

CREATE INDEX clicks_created_at ON public.clicks USING brin (created_at timestamptz_minmax_multi_ops) WITH (autosummarize='on');

CREATE INDEX conversion_events_reversals ON public.conversion_events USING btree (source_id, received_at) WHERE (reverses IS NOT NULL);

CREATE INDEX conversion_events_transaction_id ON public.conversion_events USING hash (transaction_id);

CREATE INDEX conversions_click_id ON public.conversions USING btree (click_id);

CREATE INDEX conversions_created_at ON public.conversions USING brin (created_at timestamptz_minmax_multi_ops) WITH (autosummarize='on');

CREATE INDEX conversions_id ON public.conversions USING btree (id);

CREATE INDEX conversions_transaction_id ON public.conversions USING hash (transaction_id);

CREATE INDEX decision_links_approval ON public.decision_links USING btree (approval_id);

CREATE INDEX deliveries_due ON public.deliveries USING btree (forward, is_backfill, due_at) WHERE (state = 'waiting'::text);

CREATE INDEX deliveries_failed ON public.deliveries USING btree (forward) WHERE (state = 'failed'::text);

CREATE INDEX deliveries_settled ON public.deliveries USING brin (settled_at);

CREATE INDEX discrepancies_bill ON public.discrepancies USING btree (bill_id) WHERE (bill_id IS NOT NULL);

CREATE INDEX discrepancies_conversion ON public.discrepancies USING hash (dedup_key) WHERE (dedup_key IS NOT NULL);

CREATE INDEX discrepancies_line ON public.discrepancies USING btree (statement_id, line_no) WHERE (statement_id IS NOT NULL);

CREATE INDEX discrepancies_receivable ON public.discrepancies USING btree (receivable_id) WHERE (receivable_id IS NOT NULL);

CREATE INDEX discrepancies_scope ON public.discrepancies USING btree (kind, period, source_id, account);

CREATE INDEX discrepancies_work ON public.discrepancies USING btree (period, class) WHERE (state = ANY (ARRAY['open'::text, 'assigned'::text, 'disputed'::text]));

CREATE INDEX expense_lines_created_at ON public.expense_lines USING btree (created_at);

CREATE INDEX expense_lines_payee ON public.expense_lines USING btree (payee, period, currency);

CREATE INDEX expense_lines_unmapped ON public.expense_lines USING btree (created_at) WHERE (unmapped IS NOT NULL);

CREATE INDEX exports_due ON public.exports USING btree (target, due_at) WHERE (state = ANY (ARRAY['waiting'::text, 'sent_unknown'::text]));

CREATE INDEX exports_refused ON public.exports USING btree (target) WHERE (state = 'refused'::text);

CREATE INDEX matches_bill ON public.matches USING btree (bill_id) WHERE ((bill_id IS NOT NULL) AND (undone_at IS NULL));

CREATE INDEX matches_conversion ON public.matches USING hash (dedup_key) WHERE (dedup_key IS NOT NULL);

CREATE INDEX matches_receivable ON public.matches USING btree (receivable_id) WHERE ((receivable_id IS NOT NULL) AND (undone_at IS NULL));

CREATE INDEX notifications_due ON public.notifications USING btree (due_at) WHERE (state = 'waiting'::text);

CREATE INDEX notifications_sent ON public.notifications USING btree (user_id, settled_at) WHERE (state = 'sent'::text);

CREATE INDEX parked_reversals_transaction_id ON public.parked_reversals USING hash (transaction_id);

CREATE INDEX parked_reversals_waiting ON public.parked_reversals USING btree (source_id, received_at) WHERE (settled_at IS NULL);

CREATE INDEX partner_tokens_source ON public.partner_tokens USING btree (source_id);

CREATE INDEX postbacks_click_id ON ONLY public.postbacks USING btree (click_id) WHERE ((conversion_id IS NULL) AND (click_id IS NOT NULL));

CREATE INDEX postbacks_conversion_id ON ONLY public.postbacks USING btree (conversion_id) WHERE (conversion_id IS NOT NULL);

CREATE INDEX postbacks_transaction_id ON ONLY public.postbacks USING btree (transaction_id) WHERE ((conversion_id IS NULL) AND (transaction_id IS NOT NULL));

CREATE INDEX publications_published ON public.publications USING brin (published_at);

CREATE INDEX publications_refused ON public.publications USING btree (due_at) WHERE ((published_at IS NULL) AND (due_at IS NOT NULL));

CREATE INDEX publications_waiting ON public.publications USING btree (received_at, dedup_key, revision) WHERE ((published_at IS NULL) AND (due_at IS NULL));

CREATE INDEX reconciliations_period ON public.reconciliations USING btree (period, started_at);

CREATE INDEX replayed_postbacks_receipt ON public.replayed_postbacks USING btree (receipt);

CREATE INDEX statement_lines_bank_reference ON public.statement_lines USING hash (bank_reference) WHERE (bank_reference IS NOT NULL);

CREATE INDEX statement_lines_end_to_end ON public.statement_lines USING hash (end_to_end) WHERE (end_to_end IS NOT NULL);

CREATE INDEX statement_lines_transaction ON public.statement_lines USING hash (transaction_id);

CREATE INDEX statements_account ON public.statements USING btree (account, since) WHERE (account IS NOT NULL);

CREATE UNIQUE INDEX statements_file ON public.statements USING btree (file_sha256, COALESCE(account, ''::text), COALESCE(number, ''::text));

CREATE INDEX statements_source ON public.statements USING btree (source_id, period) WHERE (source_id IS NOT NULL);

CREATE INDEX tasks_dead ON public.tasks USING btree (name) WHERE (state = 'dead'::text);

CREATE INDEX tasks_due ON public.tasks USING btree (due_at) WHERE (state = 'waiting'::text);

CREATE UNIQUE INDEX tasks_once ON public.tasks USING btree (unique_key) WHERE (state = 'waiting'::text);

CREATE UNIQUE INDEX users_login_any_case ON public.users USING btree (lower(login));

CREATE INDEX conversion_events_source_id_received_at_idx ON sandbox.conversion_events USING btree (source_id, received_at) WHERE (reverses IS NOT NULL);

CREATE INDEX conversion_events_transaction_id_idx ON sandbox.conversion_events USING hash (transaction_id);

CREATE INDEX conversions_click_id_idx ON sandbox.conversions USING btree (click_id);

CREATE INDEX conversions_created_at_idx ON sandbox.conversions USING brin (created_at timestamptz_minmax_multi_ops) WITH (autosummarize='on');

CREATE INDEX conversions_id_idx ON sandbox.conversions USING btree (id);

CREATE INDEX conversions_transaction_id_idx ON sandbox.conversions USING hash (transaction_id);

CREATE INDEX parked_reversals_source_id_received_at_idx ON sandbox.parked_reversals USING btree (source_id, received_at) WHERE (settled_at IS NULL);

CREATE INDEX parked_reversals_transaction_id_idx ON sandbox.parked_reversals USING hash (transaction_id);

CREATE INDEX postbacks_click_id_idx ON sandbox.postbacks USING btree (click_id) WHERE ((conversion_id IS NULL) AND (click_id IS NOT NULL));

CREATE INDEX postbacks_conversion_id_idx ON sandbox.postbacks USING btree (conversion_id) WHERE (conversion_id IS NOT NULL);

CREATE INDEX postbacks_transaction_id_idx ON sandbox.postbacks USING btree (transaction_id) WHERE ((conversion_id IS NULL) AND (transaction_id IS NOT NULL));

CREATE INDEX test_clicks_created_at_idx ON sandbox.test_clicks USING brin (created_at timestamptz_minmax_multi_ops) WITH (autosummarize='on');

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.approval_decisions FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.audit_log FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.expense_lines FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.locked_reports FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER append_only_all BEFORE TRUNCATE ON public.approval_decisions FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER append_only_all BEFORE TRUNCATE ON public.audit_log FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER append_only_all BEFORE TRUNCATE ON public.expense_lines FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER append_only_all BEFORE TRUNCATE ON public.locked_reports FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

ALTER TABLE ONLY public.delegations
    ADD CONSTRAINT delegations_from_user_fkey FOREIGN KEY (from_user) REFERENCES public.users(id);

ALTER TABLE ONLY public.delegations
    ADD CONSTRAINT delegations_to_user_fkey FOREIGN KEY (to_user) REFERENCES public.users(id);

ALTER TABLE ONLY public.export_secrets
    ADD CONSTRAINT export_secrets_slug_fkey FOREIGN KEY (slug) REFERENCES public.export_targets(slug);

ALTER TABLE ONLY public.forward_secrets
    ADD CONSTRAINT forward_secrets_slug_fkey FOREIGN KEY (slug) REFERENCES public.forwards(slug);

ALTER TABLE ONLY public.partner_tokens
    ADD CONSTRAINT partner_tokens_source_id_fkey FOREIGN KEY (source_id) REFERENCES public.sources(id);

ALTER TABLE ONLY public.retired_secrets
    ADD CONSTRAINT retired_secrets_source_id_fkey FOREIGN KEY (source_id) REFERENCES public.sources(id);

ALTER TABLE ONLY public.source_secrets
    ADD CONSTRAINT source_secrets_source_id_fkey FOREIGN KEY (source_id) REFERENCES public.sources(id);

ALTER TABLE ONLY public.tokens
    ADD CONSTRAINT tokens_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

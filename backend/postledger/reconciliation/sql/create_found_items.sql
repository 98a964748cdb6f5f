-- What a run finds, before it becomes work items. Lives as long as the session, across the commits of the passes.
CREATE TEMPORARY TABLE found_items (
    key bytea PRIMARY KEY,
    class text COLLATE "C" NOT NULL,
    dedup_key uuid,
    statement_id uuid,
    line_no integer,
    bill_id uuid,
    receivable_id uuid,
    stake numeric NOT NULL,
    currency text COLLATE "C" NOT NULL,
    facts jsonb NOT NULL
)

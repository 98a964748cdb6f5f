-- Adds the work items that are new.
INSERT INTO discrepancies (
    key, kind, class, source_id, account, period, dedup_key, statement_id, line_no, bill_id, receivable_id, stake, currency,
    facts, facts_sha256, state, version, first_run, last_run, opened_at, changed_at
)
SELECT
    key, %(kind)s, class, %(source_id)s, %(account)s, %(period)s, dedup_key, statement_id, line_no, bill_id, receivable_id,
    stake, currency, facts, facts_sha256, 'open', 1, %(id)s, %(id)s, %(now)s, %(now)s
FROM compared_items
WHERE step = 'new'
ORDER BY class, stake DESC, key

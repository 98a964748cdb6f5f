-- Updates the work items that were found again. Owner, notes and resolution stay. A settled one whose facts are others
-- than those that a person settled, and one that was gone, is open again.
UPDATE discrepancies AS known
SET
    class = compared.class,
    dedup_key = compared.dedup_key,
    statement_id = compared.statement_id,
    line_no = compared.line_no,
    bill_id = compared.bill_id,
    receivable_id = compared.receivable_id,
    stake = compared.stake,
    currency = compared.currency,
    facts = compared.facts,
    facts_sha256 = compared.facts_sha256,
    state = CASE WHEN compared.step = 'reopened' THEN 'open' ELSE known.state END,
    version = CASE WHEN compared.step = 'same' THEN known.version ELSE known.version + 1 END,
    changed_at = CASE WHEN compared.step = 'same' THEN known.changed_at ELSE %(now)s END,
    last_run = %(id)s
FROM compared_items AS compared
WHERE known.key = compared.key AND compared.step <> 'new'

-- What requests are about, besides their lines: the payee and the hash of the bank account, and the bill.
SELECT
    approvals.id::text, approvals.subject, approvals.subject_id, approvals.rule, approvals.rule_version,
    approvals.payee, encode(payees.bank_account_hash, 'hex'),
    bills.number, bills.amount::text, bills.currency, encode(bills.items_sha256, 'hex')
FROM approvals
LEFT JOIN payees ON payees.id = approvals.payee
LEFT JOIN bills ON bills.id = CASE WHEN approvals.subject = 'bill' THEN approvals.subject_id::uuid END
WHERE approvals.id = ANY(%s::uuid [])

-- Locks the exports of bills. One that is not leased and did not arrive has not been sent.
SELECT bills.number, exports.target, exports.state IN ('waiting', 'refused') AND exports.leased_until IS NULL
FROM exports
JOIN bills ON bills.id = exports.bill_id
WHERE exports.bill_id = ANY(%s::uuid [])
ORDER BY exports.bill_id, exports.target
FOR UPDATE OF exports

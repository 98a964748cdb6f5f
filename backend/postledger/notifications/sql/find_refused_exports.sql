-- Which of these exports the target refuses, and the numbers of their bills.
SELECT exports.bill_id::text, exports.target, number
FROM exports
INNER JOIN unnest(%(bills)s::uuid [], %(targets)s::text []) AS asked (bill_id, target) USING (bill_id, target)
INNER JOIN bills ON bills.id = exports.bill_id
WHERE exports.state = 'refused'

-- Bills whose lines do not sum to what they hold, or to their amount, or whose items are not those that it was made of.
WITH held AS (
    SELECT
        items.bill_id, items.bill_line, sum(line.amount) AS exact, count(*) AS items
    FROM bill_items AS items
    JOIN expense_lines AS line ON line.dedup_key = items.dedup_key AND line.seq = items.seq
    GROUP BY items.bill_id, items.bill_line
),

lines AS (
    SELECT
        lines.bill_id, sum(lines.exact) AS exact, sum(lines.carried_in) AS carried_in, sum(lines.amount) AS amount,
        bool_or(coalesce(held.exact, 0) <> lines.exact OR coalesce(held.items, 0) <> lines.items) AS is_off
    FROM bill_lines AS lines
    LEFT JOIN held ON held.bill_id = lines.bill_id AND held.bill_line = lines.nth
    GROUP BY lines.bill_id
),

digests AS (
    SELECT bill_id, sha256(string_agg(dedup_key::text || ' ' || seq, ',' ORDER BY dedup_key, seq)::bytea) AS sha256
    FROM bill_items
    GROUP BY bill_id
)

SELECT bills.number
FROM bills
LEFT JOIN lines ON lines.bill_id = bills.id
LEFT JOIN digests ON digests.bill_id = bills.id
WHERE
    coalesce(lines.exact, 0) <> bills.exact
    OR coalesce(lines.carried_in, 0) <> bills.carried_in
    OR coalesce(lines.amount, 0) <> bills.amount
    OR (bills.state <> 'cancelled' AND coalesce(lines.is_off, false))
    OR (bills.state <> 'cancelled' AND coalesce(digests.sha256, %(no_items)s) <> bills.items_sha256)
    OR (bills.state = 'cancelled' AND digests.sha256 IS NOT NULL)
ORDER BY bills.number

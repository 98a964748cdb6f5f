-- What is booked under some dedup keys.
SELECT dedup_key::text, click_id, payout, currency
FROM conversions
WHERE dedup_key = ANY(%s::uuid[])

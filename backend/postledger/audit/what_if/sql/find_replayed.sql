-- Which of some conversions a replay has opened within the time that is looked at, for a postback from before it. No row of
-- that time opened them, and they did not stand at its beginning. Receipts begin with the time.
SELECT conversions.dedup_key::text
FROM public.conversions
CROSS JOIN LATERAL (
    SELECT postbacks.replay_of
    FROM public.postbacks
    WHERE postbacks.id = conversions.id AND postbacks.received_at = conversions.created_at
    LIMIT 1
) AS opening
WHERE
    conversions.dedup_key = ANY(%(dedup_keys)s::uuid[]) AND conversions.created_at >= %(since)s
    AND opening.replay_of < %(first_receipt)s::uuid

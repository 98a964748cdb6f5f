-- What became of one postback of a source: always one statement, whatever it finds. The time in the receipt gives the
-- day's partition; a day of slack allows for clocks that differ. An erased row has neither content nor address left.
SELECT
    postbacks.id::text, postbacks.received_at,
    CASE
        WHEN verdict = 'spooled' AND EXISTS (SELECT FROM parked_reversals WHERE parked_reversals.id = postbacks.id) THEN 'parked'
        ELSE verdict
    END AS verdict,
    reason, parameter, cause, replay_of IS NOT NULL AS is_of_replay, postbacks.event, postbacks.click_id, postbacks.transaction_id, postbacks.status,
    postbacks.payout, postbacks.currency,
    conversions.status AS conversion_status, conversions.updated_at, conversions.conflicted_at, since.repeats,
    (
        SELECT replayed.receipt::text FROM replayed_postbacks AS replayed
        WHERE replayed.postback = postbacks.id
        ORDER BY replayed.received_at DESC
        LIMIT 1
    ) AS replayed_by,
    (
        SELECT json_object_agg(states.state, states.number)
        FROM (
            SELECT state, count(*) AS number FROM deliveries
            WHERE deliveries.dedup_key = conversions.dedup_key AND deliveries.receipt = postbacks.id
            GROUP BY state
        ) AS states
    ) AS forwarded
FROM postbacks
LEFT JOIN conversions ON conversions.id = postbacks.conversion_id
CROSS JOIN LATERAL (
    SELECT
        json_agg(
            json_build_object('receipt', later.id, 'verdict', later.verdict, 'at', later.received_at)
            ORDER BY later.received_at, later.id
        ) AS repeats
    FROM (
        SELECT repeat.id, repeat.verdict, repeat.received_at FROM postbacks AS repeat
        WHERE
            repeat.conversion_id = postbacks.conversion_id AND repeat.id <> postbacks.id
            AND repeat.received_at >= postbacks.received_at
        ORDER BY repeat.received_at, repeat.id
        LIMIT %(limit)s
    ) AS later
) AS since
WHERE
    postbacks.id = %(receipt)s::uuid AND postbacks.received_at BETWEEN %(earliest)s AND %(latest)s
    AND postbacks.source_id = %(source_id)s
    AND NOT (raw = '' AND source_ip IS NULL AND (verdict <> 'refused' OR %(keeps_addresses)s))

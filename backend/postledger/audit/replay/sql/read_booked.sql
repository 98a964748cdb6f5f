-- The postbacks that opened conversions of the same clicks or transactions under other keys, as rows to judge, each under
-- the receipt by which it was judged when it was booked. What was opened since the settings of its source were changed last
-- has the key of today; workers take a moment to use a change. OFFSET and LIMIT have each row looked up by its key, whatever
-- the planner knows of the tables: a replay after an outage fills a ledger that was never analyzed.
WITH changed AS MATERIALIZED (
    SELECT sources.id, sources.slug, max(policy_history.at) + interval '1 minute' AS until
    FROM public.sources
    INNER JOIN public.policy_history ON policy_history.subject = 'source' AND policy_history.slug = sources.slug
    WHERE sources.id = ANY(%(source_ids)s::integer[])
    GROUP BY sources.id
),

related AS (
    SELECT found.*
    FROM unnest(%(click_ids)s::text[]) AS wanted (click_id)
    CROSS JOIN LATERAL (
        SELECT conversions.id, conversions.dedup_key, conversions.source_id, conversions.created_at
        FROM public.conversions
        WHERE conversions.click_id = wanted.click_id
        OFFSET 0
    ) AS found
    UNION
    SELECT found.*
    FROM unnest(%(transaction_ids)s::text[]) AS wanted (transaction_id)
    CROSS JOIN LATERAL (
        SELECT conversions.id, conversions.dedup_key, conversions.source_id, conversions.created_at
        FROM public.conversions
        WHERE conversions.transaction_id = wanted.transaction_id
        OFFSET 0
    ) AS found
)

SELECT
    coalesce(postbacks.replay_of, postbacks.id)::text, postbacks.received_at, changed.slug, abbrev(source_ip), method,
    postbacks.verdict, reason, parameter, cause, conversion_id::text, secret_id,
    postbacks.event, postbacks.click_id, postbacks.transaction_id, postbacks.status, postbacks.payout,
    postbacks.currency, postbacks.event_time, raw, raw_length IS NOT NULL, observed,
    body_kind, scheme, decoding, signed_at, idempotency_key, policy_version, related.dedup_key::text
FROM related
INNER JOIN changed ON changed.id = related.source_id AND related.created_at < changed.until
CROSS JOIN LATERAL (
    SELECT * FROM public.postbacks AS opening
    WHERE opening.id = related.id AND opening.received_at = related.created_at
    LIMIT 1
) AS postbacks
WHERE NOT EXISTS (
    SELECT FROM unnest(%(dedup_keys)s::uuid[]) AS batch (dedup_key) WHERE batch.dedup_key = related.dedup_key
)

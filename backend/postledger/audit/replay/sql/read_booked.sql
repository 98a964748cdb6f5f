-- The postbacks that opened conversions of the same clicks or transactions under other keys, as rows to judge, each under
-- the receipt by which it was judged when it was booked. What was opened since the settings of its source were changed last
-- has the key of today; workers take a moment to use a change.
SELECT
    coalesce(postbacks.replay_of, postbacks.id)::text, postbacks.received_at, sources.slug, abbrev(source_ip), method,
    postbacks.verdict, reason, parameter, cause, conversion_id::text, secret_id,
    postbacks.event, postbacks.click_id, postbacks.transaction_id, postbacks.status, postbacks.payout,
    postbacks.currency, postbacks.event_time, raw, raw_length IS NOT NULL, observed,
    body_kind, scheme, decoding, signed_at, idempotency_key, policy_version, conversions.dedup_key::text
FROM public.sources
CROSS JOIN LATERAL (
    SELECT max(at) AS at FROM public.policy_history WHERE subject = 'source' AND policy_history.slug = sources.slug
) AS changed
INNER JOIN public.conversions
    ON conversions.source_id = sources.id AND conversions.created_at < changed.at + interval '1 minute'
CROSS JOIN LATERAL (
    SELECT * FROM public.postbacks AS opening
    WHERE opening.id = conversions.id AND opening.received_at = conversions.created_at
    LIMIT 1 -- so that the row is looked up, whatever the planner knows of the tables
) AS postbacks
WHERE
    sources.id = ANY(%(source_ids)s::integer[])
    AND (
        conversions.click_id = ANY(%(click_ids)s::text[])
        OR conversions.transaction_id = ANY(%(transaction_ids)s::text[])
    )
    AND NOT conversions.dedup_key = ANY(%(dedup_keys)s::uuid[])

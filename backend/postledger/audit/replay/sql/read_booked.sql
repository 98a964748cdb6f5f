-- The postbacks that opened conversions of the same clicks or transactions under other keys, as rows to judge, each under
-- the receipt by which it was judged when it was booked.
SELECT
    coalesce(postbacks.replay_of, postbacks.id)::text, postbacks.received_at, sources.slug, abbrev(source_ip), method,
    postbacks.verdict, reason, parameter, cause, conversion_id::text, secret_id,
    postbacks.event, postbacks.click_id, postbacks.transaction_id, postbacks.status, postbacks.payout,
    postbacks.currency, postbacks.event_time, raw, raw_length IS NOT NULL, observed,
    body_kind, scheme, decoding, signed_at, idempotency_key, policy_version, conversions.dedup_key::text
FROM public.conversions
INNER JOIN public.sources ON sources.id = conversions.source_id
INNER JOIN public.postbacks ON postbacks.id = conversions.id AND postbacks.received_at = conversions.created_at
WHERE
    conversions.source_id = ANY(%(source_ids)s::integer[])
    AND (
        conversions.click_id = ANY(%(click_ids)s::text[])
        OR conversions.transaction_id = ANY(%(transaction_ids)s::text[])
    )
    AND NOT conversions.dedup_key = ANY(%(dedup_keys)s::uuid[])

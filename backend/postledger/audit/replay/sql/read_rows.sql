-- The next rows of one day, in the order of their receipts, which is that of their arrival, each with the dedup key of its
-- conversion. A row that a replay has written repeats another row of the audit, so it is not replayed itself.
SELECT
    postbacks.id::text, postbacks.received_at, sources.slug, abbrev(source_ip), method,
    postbacks.verdict, reason, parameter, cause, conversion_id::text, secret_id,
    postbacks.event, postbacks.click_id, postbacks.transaction_id, postbacks.status, postbacks.payout,
    postbacks.currency, postbacks.event_time, raw, raw_length IS NOT NULL, observed,
    body_kind, scheme, decoding, signed_at, idempotency_key, policy_version, conversions.dedup_key::text
FROM public.postbacks
LEFT JOIN public.sources ON sources.id = postbacks.source_id
LEFT JOIN public.conversions ON conversions.id = conversion_id
WHERE
    postbacks.received_at >= %(since)s AND postbacks.received_at < %(until)s
    AND postbacks.id > %(after)s::uuid
    AND (sources.slug = %(source)s::text OR (%(source)s::text IS NULL AND sources.slug IS DISTINCT FROM %(selftest)s))
    AND (%(verdict)s::text IS NULL OR verdict = %(verdict)s::text)
    AND (%(reason)s::text IS NULL OR reason = %(reason)s::text)
    AND (%(transaction)s::text IS NULL OR postbacks.transaction_id = %(transaction)s::text)
    AND (%(receipts)s::uuid[] IS NULL OR postbacks.id = ANY(%(receipts)s::uuid[]))
    AND replay_of IS NULL
ORDER BY postbacks.id
LIMIT %(limit)s

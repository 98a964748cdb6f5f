-- The next rows of one day, in the order of their receipts, which is that of their arrival, each with the dedup key of its
-- conversion. A row that a replay has written repeats another row of the audit, so it is not replayed itself. The row that
-- it repeats stands as it was booked last: its verdict and what it says are those of the repeat. The filters look at what
-- it was when it came. The rows are chosen first, so that only theirs are looked up.
WITH wanted AS MATERIALIZED (
    SELECT postbacks.*, sources.slug
    FROM public.postbacks
    LEFT JOIN public.sources ON sources.id = postbacks.source_id
    WHERE
        postbacks.received_at >= %(since)s AND postbacks.received_at < %(until)s
        AND postbacks.id > %(after)s::uuid
        AND (sources.slug = %(source)s::text OR (%(source)s::text IS NULL AND sources.slug IS DISTINCT FROM %(selftest)s))
        AND (%(verdict)s::text IS NULL OR postbacks.verdict = %(verdict)s::text)
        AND (%(reason)s::text IS NULL OR postbacks.reason = %(reason)s::text)
        AND (%(transaction)s::text IS NULL OR postbacks.transaction_id = %(transaction)s::text)
        AND (%(receipts)s::uuid[] IS NULL OR postbacks.id = ANY(%(receipts)s::uuid[]))
        AND postbacks.replay_of IS NULL
    ORDER BY postbacks.id
    LIMIT %(limit)s
)

SELECT
    postbacks.id::text, postbacks.received_at, postbacks.slug, abbrev(postbacks.source_ip), postbacks.method,
    coalesce(repeat.verdict, postbacks.verdict),
    CASE WHEN repeat.id IS NULL THEN postbacks.reason END,
    CASE WHEN repeat.id IS NULL THEN postbacks.parameter END,
    CASE WHEN repeat.id IS NULL THEN postbacks.cause END,
    conversions.id::text, postbacks.secret_id,
    CASE WHEN repeat.id IS NULL THEN postbacks.event ELSE repeat.event END,
    CASE WHEN repeat.id IS NULL THEN postbacks.click_id ELSE repeat.click_id END,
    CASE WHEN repeat.id IS NULL THEN postbacks.transaction_id ELSE repeat.transaction_id END,
    CASE WHEN repeat.id IS NULL THEN postbacks.status ELSE repeat.status END,
    CASE WHEN repeat.id IS NULL THEN postbacks.payout ELSE repeat.payout END,
    CASE WHEN repeat.id IS NULL THEN postbacks.currency ELSE repeat.currency END,
    CASE WHEN repeat.id IS NULL THEN postbacks.event_time ELSE repeat.event_time END,
    postbacks.raw, postbacks.raw_length IS NOT NULL, postbacks.observed,
    postbacks.body_kind, postbacks.scheme, postbacks.decoding, postbacks.signed_at, postbacks.idempotency_key,
    postbacks.policy_version, conversions.dedup_key::text
FROM wanted AS postbacks
LEFT JOIN LATERAL (
    SELECT receipt, received_at FROM public.replayed_postbacks AS replayed
    WHERE replayed.postback = postbacks.id
    ORDER BY replayed.received_at DESC
    LIMIT 1
) AS newest ON true
LEFT JOIN LATERAL (
    SELECT * FROM public.postbacks AS booked
    WHERE booked.id = newest.receipt AND booked.received_at = newest.received_at
    LIMIT 1 -- so that the row is looked up, whatever the planner knows of the tables
) AS repeat ON true
LEFT JOIN public.conversions ON conversions.id = coalesce(repeat.conversion_id, postbacks.conversion_id)
ORDER BY postbacks.id

-- How many rows of one day a replay reads.
SELECT count(*)
FROM public.postbacks
LEFT JOIN public.sources ON sources.id = postbacks.source_id
WHERE
    postbacks.received_at >= %(since)s AND postbacks.received_at < %(until)s
    AND postbacks.id > %(after)s::uuid
    AND (sources.slug = %(source)s::text OR (%(source)s::text IS NULL AND sources.slug IS DISTINCT FROM %(selftest)s))
    AND (%(verdict)s::text IS NULL OR verdict = %(verdict)s::text)
    AND (%(reason)s::text IS NULL OR reason = %(reason)s::text)
    AND (%(transaction)s::text IS NULL OR postbacks.transaction_id = %(transaction)s::text)
    AND (%(receipts)s::uuid[] IS NULL OR postbacks.id = ANY(%(receipts)s::uuid[]))
    AND replay_of IS NULL

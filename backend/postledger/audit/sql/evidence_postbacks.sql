-- Some postbacks as they were received, with how they were checked, and the settings that their source had then. Signature,
-- tokens and personal data were never stored.
SELECT
    postbacks.id::text, postbacks.raw, postbacks.raw_length IS NOT NULL AS is_cut, postbacks.body_kind, postbacks.scheme,
    postbacks.signed_at, postbacks.observed, postbacks.policy_version,
    coalesce(past.settings, sources.settings) AS settings
FROM unnest(%(ids)s::uuid [], %(times)s::timestamptz []) AS wanted (id, received_at)
JOIN postbacks ON postbacks.id = wanted.id AND postbacks.received_at = wanted.received_at
LEFT JOIN sources ON sources.id = postbacks.source_id
LEFT JOIN LATERAL (
    SELECT history.settings
    FROM policy_history AS history
    WHERE
        history.subject = 'source' AND history.slug = sources.slug AND history.settings IS NOT NULL
        AND history.version <= postbacks.policy_version
    ORDER BY history.version DESC
    LIMIT 1
) AS past ON true
ORDER BY postbacks.received_at, postbacks.id
LIMIT %(limit)s

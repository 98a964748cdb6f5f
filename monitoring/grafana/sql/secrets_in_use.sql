-- The live secrets of a source, in the order of their positions: how old, and what they matched. Days of the audit are
-- partitions, so the time range decides how much is read.
SELECT secret."position" AS "position",
       extract(epoch FROM now() - secret.created_at) / 86400 AS age,
       count(postback.received_at) AS matched,
       max(postback.received_at) AS "last matched"
FROM sources
JOIN source_secrets AS secret ON secret.source_id = sources.id
LEFT JOIN postbacks AS postback
    ON postback.source_id = sources.id AND postback.secret_id = secret.id AND $__timeFilter(postback.received_at)
WHERE sources.slug = ${source:sqlstring} AND sources.removed_at IS NULL
GROUP BY secret.id, secret."position", secret.created_at
ORDER BY secret."position"

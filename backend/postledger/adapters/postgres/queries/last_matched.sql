-- When each secret of a source last signed something, among the newest postbacks: no index goes by secret, so the
-- search ends after a number of rows that takes about a second.
SELECT secret_id, max(received_at)
FROM (SELECT secret_id, received_at FROM postbacks ORDER BY id DESC LIMIT %(newest)s) AS newest
WHERE secret_id = ANY(%(secret_ids)s::integer[])
GROUP BY secret_id

-- Counts one source's postbacks of a span within one day, so that one partition is read once: all received ones, those
-- whose clicks were not stored, labels that were cut or left out by cause, and the refused or observed ones by reason and
-- address. A row without a reason counts each postback once, whatever its reasons. The addresses after the first ones of a reason are summed up in a row without an address.
WITH grouped AS (
    SELECT
        source_ip, observed, click_shed, label_notes, CASE WHEN verdict = 'refused' THEN reason END AS refused_for,
        count(*) AS postbacks, min(received_at) AS first_seen, max(received_at) AS last_seen
    FROM postbacks
    WHERE source_id = %(source_id)s AND received_at >= %(since)s AND received_at < %(until)s
    GROUP BY source_ip, observed, click_shed, label_notes, refused_for
),

counted AS (
    SELECT 'received' AS kind, NULL AS reason, NULL::inet AS source_ip, postbacks, first_seen, last_seen FROM grouped
    UNION ALL
    SELECT 'click_shed', NULL, NULL, postbacks, first_seen, last_seen FROM grouped WHERE click_shed
    UNION ALL
    SELECT 'label', noted.cause, NULL, postbacks, first_seen, last_seen
    FROM grouped, LATERAL (SELECT note.value AS cause FROM jsonb_each_text(label_notes) AS note) AS noted
    UNION ALL
    SELECT 'observed', NULL, NULL, postbacks, first_seen, last_seen FROM grouped WHERE cardinality(observed) > 0
    UNION ALL
    SELECT 'observed', noted.reason, source_ip, postbacks, first_seen, last_seen
    FROM grouped, LATERAL (SELECT DISTINCT unnest(observed) AS reason) AS noted
    UNION ALL
    SELECT 'refused', NULL, NULL, postbacks, first_seen, last_seen FROM grouped WHERE refused_for IS NOT NULL
    UNION ALL
    SELECT 'refused', refused_for, source_ip, postbacks, first_seen, last_seen
    FROM grouped
    WHERE refused_for IS NOT NULL
),

by_address AS (
    SELECT
        kind, reason, source_ip,
        sum(postbacks) AS postbacks, min(first_seen) AS first_seen, max(last_seen) AS last_seen,
        row_number() OVER (PARTITION BY kind, reason ORDER BY sum(postbacks) DESC, source_ip) AS place
    FROM counted
    GROUP BY kind, reason, source_ip
)

SELECT
    kind, reason, CASE WHEN place <= %(addresses)s THEN abbrev(source_ip) END AS address,
    sum(postbacks)::bigint AS postbacks, min(first_seen) AS first_seen, max(last_seen) AS last_seen
FROM by_address
GROUP BY kind, reason, address

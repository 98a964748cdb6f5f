-- Claims by click id, in order of time, conversions of the month first. `by` is what must be equal besides: the amount,
-- the event, or nothing. Where both sides have transaction ids, they differ, so only an equal amount counts.
INSERT INTO late_claims (group_no, dedup_key, method)
WITH placed_groups AS (
    SELECT
        group_no,
        click_id,
        likeness,
        row_number() OVER (PARTITION BY click_id, likeness ORDER BY moment, line_no) AS place
    FROM (
        SELECT
            *,
            CASE %(by)s::text
                WHEN 'amount' THEN currency || trim_scale(worth)::text
                WHEN 'event' THEN event
                ELSE ''
            END AS likeness
        FROM left_groups
        WHERE
            click_id IS NOT NULL AND status IS NOT NULL
            AND (%(by)s = 'amount' OR (transaction_id IS NOT NULL) = %(with_id)s)
    ) AS report_group
),

placed_conversions AS (
    SELECT
        dedup_key,
        click_id,
        likeness,
        row_number() OVER (
            PARTITION BY click_id, likeness ORDER BY NOT (in_books OR in_report), happened_at, dedup_key
        ) AS place
    FROM (
        SELECT
            *,
            CASE %(by)s::text
                WHEN 'amount' THEN currency || trim_scale(worth)::text
                WHEN 'event' THEN event
                ELSE ''
            END AS likeness
        FROM left_conversions
        WHERE %(by)s = 'amount' OR NOT %(with_id)s OR transaction_id IS NULL
    ) AS conversion
)

SELECT group_no, dedup_key, 'click_id'
FROM placed_groups
JOIN placed_conversions USING (click_id, likeness, place)
WHERE NOT EXISTS (
    SELECT FROM refused_claims
    WHERE
        refused_claims.group_no = placed_groups.group_no AND refused_claims.dedup_key = placed_conversions.dedup_key
)

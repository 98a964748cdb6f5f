-- Erases a click id and the labels of its conversions, and removes a value from the labels of all other conversions. A
-- transaction id that equals the click id is erased too. The money and the dedup key stay. Returns for each conversion
-- whether it belonged to the click. What of it waits for forwards is discarded. The rows are locked in the same order as
-- postbacks lock them.
WITH found AS (
    SELECT dedup_key, coalesce(click_id = %(click_id)s::text, false) AS is_of_click
    FROM conversions
    WHERE
        click_id = %(click_id)s::text
        OR EXISTS (SELECT FROM jsonb_each_text(conversions.subs) AS sub WHERE sub.value = %(datum)s::text)
    ORDER BY dedup_key
    FOR UPDATE
),

discarded AS (
    UPDATE deliveries SET state = 'discarded', settled_at = %(now)s, leased_until = NULL
    WHERE dedup_key = ANY(ARRAY(SELECT dedup_key FROM found WHERE is_of_click)) AND settled_at IS NULL
)

UPDATE conversions
SET
    click_id = CASE WHEN found.is_of_click THEN %(forgotten)s::text ELSE conversions.click_id END,
    transaction_id = CASE WHEN transaction_id = %(click_id)s::text THEN %(forgotten)s::text ELSE transaction_id END,
    subs = CASE WHEN found.is_of_click THEN NULL ELSE (
        SELECT jsonb_object_agg(sub.key, sub.value) FROM jsonb_each(conversions.subs) AS sub
        WHERE sub.value <> to_jsonb(%(datum)s::text)
    ) END
FROM found
WHERE conversions.dedup_key = found.dedup_key
RETURNING conversions.id::text, found.is_of_click

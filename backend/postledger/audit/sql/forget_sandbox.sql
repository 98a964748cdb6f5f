-- Deletes what the sandbox has of a click id or a hash. Nothing is booked there, therefore whole rows go.
WITH gone AS (
    DELETE FROM sandbox.conversions
    WHERE
        click_id = %(click_id)s::text OR transaction_id = %(click_id)s::text
        OR EXISTS (SELECT FROM jsonb_each_text(conversions.subs) AS sub WHERE sub.value = %(datum)s::text)
    RETURNING dedup_key, id
),

changes_gone AS (
    DELETE FROM sandbox.conversion_events
    WHERE dedup_key IN (SELECT dedup_key FROM gone) OR transaction_id = %(click_id)s::text
),

parked_gone AS (
    DELETE FROM sandbox.parked_reversals
    WHERE dedup_key IN (SELECT dedup_key FROM gone) OR transaction_id = %(click_id)s::text
),

clicks_gone AS (
    DELETE FROM sandbox.test_clicks
    WHERE
        click_id = %(click_id)s::text
        OR EXISTS (SELECT FROM jsonb_each_text(test_clicks.subs) AS sub WHERE sub.value = %(datum)s::text)
)

DELETE FROM sandbox.postbacks
WHERE
    click_id = %(click_id)s::text
    OR transaction_id = %(click_id)s::text
    OR conversion_id IN (SELECT id FROM gone)
    OR EXISTS (SELECT FROM unnest(%(values)s::bytea[]) AS value WHERE position(value IN raw || '&'::bytea) > 0)

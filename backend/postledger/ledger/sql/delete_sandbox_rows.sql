-- Deletes a portion of what is old in the sandbox, and returns how many postbacks, conversions, changes and clicks it was.
-- The changes of a conversion go with it: a repeat would open the conversion again, and must find no past.
WITH postbacks_gone AS (
    DELETE FROM sandbox.postbacks
    WHERE (id, received_at) IN (
        SELECT id, received_at FROM sandbox.postbacks WHERE received_at < %(before)s LIMIT %(portion)s
    )
    RETURNING id
),

conversions_gone AS (
    DELETE FROM sandbox.conversions
    WHERE dedup_key IN (SELECT dedup_key FROM sandbox.conversions WHERE created_at < %(before)s LIMIT %(portion)s)
    RETURNING dedup_key
),

changes_gone AS (
    DELETE FROM sandbox.conversion_events WHERE dedup_key IN (SELECT dedup_key FROM conversions_gone)
    RETURNING dedup_key
),

parked_gone AS (
    DELETE FROM sandbox.parked_reversals WHERE dedup_key IN (SELECT dedup_key FROM conversions_gone)
),

handed_over AS (
    DELETE FROM sandbox.outbox
    WHERE ctid = ANY(ARRAY(SELECT ctid FROM sandbox.outbox WHERE received_at < %(before)s LIMIT %(portion)s))
    RETURNING dedup_key
),

clicks_gone AS (
    DELETE FROM sandbox.test_clicks
    WHERE click_id IN (SELECT click_id FROM sandbox.test_clicks WHERE created_at < %(before)s LIMIT %(portion)s)
    RETURNING click_id
)

SELECT
    (SELECT count(*) FROM postbacks_gone), (SELECT count(*) FROM conversions_gone),
    (SELECT count(*) FROM changes_gone), (SELECT count(*) FROM handed_over), (SELECT count(*) FROM clicks_gone)

-- Deletes a click, and removes the value from the labels of other clicks.
WITH gone AS (
    DELETE FROM clicks WHERE click_id = %(click_id)s::text RETURNING click_id
),

cut AS (
    UPDATE clicks
    SET subs = (
        SELECT jsonb_object_agg(sub.key, sub.value) FROM jsonb_each(clicks.subs) AS sub
        WHERE sub.value <> to_jsonb(%(datum)s::text)
    )
    WHERE click_id IS DISTINCT FROM %(click_id)s::text AND EXISTS (
        SELECT FROM jsonb_each_text(clicks.subs) AS sub WHERE sub.value = %(datum)s::text
    )
    RETURNING click_id
)

SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM cut)

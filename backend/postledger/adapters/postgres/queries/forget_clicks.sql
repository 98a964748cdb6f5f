-- Takes a visit off the ledger, or a hash out of what visits brought along.
WITH gone AS (
    DELETE FROM clicks WHERE click_id = %(click_id)s::text RETURNING click_id
),

cut AS (
    UPDATE clicks
    SET subs = (
        SELECT jsonb_object_agg(sub.key, sub.value) FROM jsonb_each(clicks.subs) AS sub
        WHERE sub.value <> to_jsonb(%(hash)s::text)
    )
    WHERE %(hash)s::text IS NOT NULL AND EXISTS (
        SELECT FROM jsonb_each_text(clicks.subs) AS sub WHERE sub.value = %(hash)s::text
    )
    RETURNING click_id
)

SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM cut)

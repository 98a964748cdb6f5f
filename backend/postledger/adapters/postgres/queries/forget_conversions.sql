-- Takes a click id, or a hash, off the conversions that bear it, and what else was said freely; the money stays.
UPDATE conversions
SET
    click_id = CASE WHEN click_id = %(click_id)s::text THEN %(forgotten)s::text ELSE click_id END,
    subs = CASE WHEN click_id = %(click_id)s::text THEN NULL ELSE (
        SELECT jsonb_object_agg(sub.key, sub.value) FROM jsonb_each(conversions.subs) AS sub
        WHERE sub.value <> to_jsonb(%(hash)s::text)
    ) END
WHERE
    click_id = %(click_id)s::text
    OR (%(hash)s::text IS NOT NULL AND EXISTS (
        SELECT FROM jsonb_each_text(conversions.subs) AS sub WHERE sub.value = %(hash)s::text
    ))
RETURNING id::text

-- How many publications wait for their first attempt, how many were refused, and which of the first ones is the oldest.
SELECT
    (SELECT count(*) FROM publications WHERE published_at IS NULL AND due_at IS NULL),
    (SELECT count(*) FROM publications WHERE published_at IS NULL AND due_at IS NOT NULL),
    (
        SELECT publications.receipt::text
        FROM publications
        WHERE publications.published_at IS NULL AND publications.due_at IS NULL
        ORDER BY publications.received_at, publications.dedup_key, publications.revision
        LIMIT 1
    )

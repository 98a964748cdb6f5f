-- How many changes the broker has not confirmed, and since when. While it is down, hundreds of thousands wait, so they are
-- counted up to a limit, along the indexes of what is new and of what was refused. What is refused is in the order in which
-- it is tried again; beyond the limit its oldest may be missed.
SELECT least(fresh.waiting + refused.waiting, %(limit)s), least(fresh.oldest, refused.oldest)
FROM
    (
        SELECT count(*) AS waiting, min(received_at) AS oldest
        FROM (
            SELECT received_at
            FROM publications
            WHERE published_at IS NULL AND due_at IS NULL
            ORDER BY received_at, dedup_key, revision
            LIMIT %(limit)s
        ) AS first
    ) AS fresh,
    (
        SELECT count(*) AS waiting, min(received_at) AS oldest
        FROM (
            SELECT received_at
            FROM publications
            WHERE published_at IS NULL AND due_at IS NOT NULL
            ORDER BY due_at
            LIMIT %(limit)s
        ) AS first
    ) AS refused

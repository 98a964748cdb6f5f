-- Proven bank statements whose balances and lines do not add up. Of a file that overlaps others only the lines that were
-- new are on record, so statements whose days touch are proven together: what is booked must lead from the first
-- balance to the last. Several can begin or end on a day, because a file can be made before the day is over; it adds
-- up if it does with one of them. The statement that was imported last is named. Where a statement counts as unproven,
-- that is known.
WITH balanced AS (
    SELECT
        id, account, since, coalesce(until, since) AS until, opening, closing, currency, proof, known, imported_at,
        since <= max(coalesce(until, since)) OVER (
            PARTITION BY account ORDER BY since, until, imported_at, id
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS touches
    FROM statements
    WHERE kind = 'bank' AND opening IS NOT NULL AND closing IS NOT NULL AND since IS NOT NULL
),

placed AS (
    SELECT
        *,
        count(*) FILTER (WHERE touches IS NOT TRUE) OVER (
            PARTITION BY account ORDER BY since, until, imported_at, id
        ) AS run
    FROM balanced
),

runs AS (
    SELECT
        account, run, min(since) AS since, max(until) AS until, min(currency) AS currency,
        (array_agg(id ORDER BY imported_at DESC, id))[1] AS id
    FROM placed
    GROUP BY account, run
    HAVING bool_and(proof = 'proven') AND (count(*) > 1 OR bool_and(known > 0))
),

booked AS (
    SELECT runs.account, runs.run, coalesce(sum(lines.amount), 0) AS amount
    FROM runs
    LEFT JOIN statements
        ON
            statements.account = runs.account AND statements.since <= runs.until
            AND coalesce(statements.until, statements.since) >= runs.since
    LEFT JOIN statement_lines AS lines
        ON
            lines.statement_id = statements.id AND NOT lines.pending
            AND (
                (statements.opening IS NOT NULL AND statements.closing IS NOT NULL)
                OR coalesce(lines.booked_on, lines.valued_on) BETWEEN runs.since AND runs.until
            )
    GROUP BY runs.account, runs.run
    HAVING bool_and(statements.proof <> 'unproven')
),

differences AS (
    SELECT DISTINCT ON (runs.account, runs.run)
        runs.id, begins.opening + booked.amount - ends.closing AS amount, runs.currency
    FROM runs
    JOIN booked ON booked.account = runs.account AND booked.run = runs.run
    JOIN placed AS begins
        ON begins.account = runs.account AND begins.run = runs.run AND begins.since = runs.since
    JOIN placed AS ends ON ends.account = runs.account AND ends.run = runs.run AND ends.until = runs.until
    ORDER BY runs.account, runs.run, abs(begins.opening + booked.amount - ends.closing)
),

alone AS (
    SELECT statements.id, statements.opening + coalesce(booked.amount, 0) - statements.closing AS amount, statements.currency
    FROM statements
    LEFT JOIN LATERAL (
        SELECT sum(amount) AS amount
        FROM statement_lines
        WHERE statement_lines.statement_id = statements.id AND NOT statement_lines.pending
    ) AS booked ON true
    WHERE statements.proof = 'proven' AND statements.known = 0
)

SELECT statements.id::text, found.amount, found.currency
FROM (SELECT * FROM alone UNION SELECT * FROM differences) AS found
JOIN statements ON statements.id = found.id
WHERE found.amount <> 0
ORDER BY statements.imported_at, statements.id, found.amount

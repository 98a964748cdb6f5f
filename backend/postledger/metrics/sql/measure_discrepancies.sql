-- How many work items there are, by class and state, and since when those wait that are not settled. What waits
-- is counted month by month, what is settled among the newest items; both up to a limit. In a locked month only what came
-- after the lock waits.
SELECT class, state, count(*), min(waiting_since)
FROM (
    (
        SELECT
            class,
            state,
            CASE
                WHEN
                    state IN ('open', 'assigned')
                    AND (
                        class = 'after_lock'
                        OR period NOT IN (SELECT periods.period FROM periods WHERE periods.state = 'locked')
                    )
                    THEN
                        CASE
                            WHEN version = 1 THEN opened_at
                            ELSE coalesce(
                                (
                                    SELECT max(notes.at)
                                    FROM discrepancy_notes AS notes
                                    WHERE notes.key = discrepancies.key AND notes.action = 'reopened'
                                ),
                                opened_at
                            )
                        END
            END AS waiting_since
        FROM discrepancies
        WHERE state IN ('open', 'assigned', 'disputed')
        ORDER BY period, class
        LIMIT %(limit)s
    )
    UNION ALL
    (
        SELECT class, state, NULL
        FROM (SELECT class, state FROM discrepancies ORDER BY id DESC LIMIT %(limit)s) AS newest
        WHERE state NOT IN ('open', 'assigned', 'disputed')
    )
) AS items
GROUP BY class, state

-- Counts the changes of a span.
SELECT
    (
        SELECT count(*) FROM conversions
        WHERE created_at >= %(since)s AND created_at < %(until)s
    ) + (
        SELECT count(*) FROM conversion_events
        WHERE received_at >= %(since)s AND received_at < %(until)s AND revision IS NOT NULL
    )

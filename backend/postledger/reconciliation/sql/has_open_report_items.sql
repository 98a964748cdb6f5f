-- Whether work items of a report are open although the report was taken out.
SELECT exists(
    SELECT FROM discrepancies
    WHERE
        kind = 'report' AND source_id = %(source_id)s AND period = %(period)s
        AND state IN ('open', 'assigned', 'disputed')
)

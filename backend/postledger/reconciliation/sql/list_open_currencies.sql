-- The currencies of the open work items of a month.
SELECT DISTINCT currency FROM discrepancies
WHERE period = %s AND state IN ('open', 'assigned') AND stake > 0

-- The report formats in force, or the retired ones.
SELECT settings FROM report_formats WHERE (removed_at IS NULL) = %s ORDER BY slug

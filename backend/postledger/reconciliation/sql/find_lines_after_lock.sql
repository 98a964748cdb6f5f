-- Lines of a locked month that were written after its lock. Both times are those of Postgres, under the same lock.
SELECT line.conversion_id, line.period, line.created_at AT TIME ZONE 'UTC'
FROM periods
JOIN expense_lines AS line ON line.period = periods.period AND line.created_at > periods.changed_at
WHERE periods.state = 'locked'
ORDER BY line.created_at

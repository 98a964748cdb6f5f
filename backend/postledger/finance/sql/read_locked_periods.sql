-- The months that take no more lines.
SELECT period FROM periods WHERE state = 'locked'

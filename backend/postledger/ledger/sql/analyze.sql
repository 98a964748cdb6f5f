-- Statistics for the planner: a backup contains none.
ANALYZE

"""The names of the tasks of a worker."""

FIRST_RULES = "first_rules"
TASK_NAMES = ("partitions", "retain", "check_books", "rates", "audit", "remind", "reconcile", FIRST_RULES)

"""The names of the tasks of a worker."""

TASK_NAMES = ("partitions", "retain", "check_books", "rates", "audit")

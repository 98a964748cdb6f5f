"""The task queue: work that is no consequence of a postback. Operators ask for some, some is due by the clock."""

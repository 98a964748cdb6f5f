-- Has Postgres end a session that sends, and free its locks, if it sends no statement for so long: its process stands still.
SELECT set_config('idle_session_timeout', %s, false)

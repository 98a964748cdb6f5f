-- The publications that the broker confirmed before a time.
SELECT dedup_key, receipt FROM publications WHERE published_at < %s

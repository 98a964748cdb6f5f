-- Whether any change waits for the worker.
SELECT EXISTS (SELECT FROM outbox)

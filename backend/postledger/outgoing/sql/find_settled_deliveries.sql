-- The deliveries that were settled before a time.
SELECT dedup_key, forward, receipt FROM deliveries WHERE settled_at < %s

-- Stores what is leased on one day now. The caller holds the lock under which it read the sums before.
INSERT INTO unauthenticated_bytes (day, source_id, bytes)
SELECT %(day)s, source_id, bytes FROM unnest(%(source_ids)s::integer[], %(bytes)s::bigint[]) AS leased (source_id, bytes)
ON CONFLICT (day, source_id) DO UPDATE SET bytes = excluded.bytes

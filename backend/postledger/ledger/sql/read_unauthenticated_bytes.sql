-- What was leased on one day, by source; 0 stands for unknown sources.
SELECT source_id, bytes FROM unauthenticated_bytes WHERE day = %s

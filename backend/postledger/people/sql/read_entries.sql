-- All entries up to a number, in order. The time is in microseconds, as the hash has it.
SELECT seq, (extract(EPOCH FROM at) * 1000000)::bigint, actor, action, subject, body, prev, hash
FROM audit_log WHERE seq <= %s ORDER BY seq

-- Records what a check found, so that every worker can export it.
INSERT INTO invariant_checks (invariant, broken, checked_at) VALUES (%s, %s, %s)
ON CONFLICT (invariant) DO UPDATE SET broken = excluded.broken, checked_at = excluded.checked_at

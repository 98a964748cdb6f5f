-- The number of the last entry, and the end of the chain as appending knows it, in one snapshot. An `audit_head` that was
-- emptied ends before the first entry.
SELECT
    (SELECT coalesce(max(seq), 0) FROM audit_log),
    coalesce((SELECT seq FROM audit_head), 0),
    coalesce((SELECT hash FROM audit_head), decode(repeat('00', 32), 'hex'))

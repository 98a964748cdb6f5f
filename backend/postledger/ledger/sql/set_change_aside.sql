-- Moves a change out of the outbox, if it would not be one too many.
WITH taken AS (
    DELETE FROM outbox
    WHERE
        received_at = %(received_at)s AND dedup_key = %(dedup_key)s::uuid AND receipt = %(receipt)s::uuid
        AND (SELECT count(*) FROM set_aside_changes) < %(most)s
    RETURNING received_at, dedup_key, receipt, revision, kind
)

INSERT INTO set_aside_changes (received_at, dedup_key, receipt, revision, kind, fault, set_aside_at)
SELECT received_at, dedup_key, receipt, revision, kind, %(fault)s, %(now)s
FROM taken

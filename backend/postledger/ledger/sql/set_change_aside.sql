-- Sets a change aside, if it would not be one too many, and takes it out of the outbox. One that was published has left the
-- outbox. If it is delivered again, it may be set aside already: it then gets the newer fault.
WITH aside AS (
    INSERT INTO set_aside_changes (received_at, dedup_key, receipt, revision, kind, fault, set_aside_at)
    SELECT
        %(received_at)s, %(dedup_key)s::uuid, %(receipt)s::uuid, %(revision)s::integer, %(kind)s::text, %(fault)s::text,
        %(now)s
    WHERE (SELECT count(*) FROM set_aside_changes) < %(most)s
    ON CONFLICT (received_at, dedup_key, receipt)
    DO UPDATE SET fault = excluded.fault, set_aside_at = excluded.set_aside_at
    RETURNING received_at, dedup_key, receipt
),

taken AS (
    DELETE FROM outbox
    USING aside
    WHERE
        outbox.received_at = aside.received_at AND outbox.dedup_key = aside.dedup_key AND outbox.receipt = aside.receipt
)

SELECT receipt::text
FROM aside

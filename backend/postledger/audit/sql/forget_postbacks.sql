-- Empties the audit rows of one day that contain a click id or a hash as a whole value of a query, a form or JSON.
UPDATE postbacks
SET
    raw = '', raw_length = NULL, raw_sha256 = NULL, source_ip = NULL, idempotency_key = NULL,
    click_id = CASE WHEN click_id = %(click_id)s::text THEN NULL ELSE click_id END,
    transaction_id = CASE WHEN transaction_id = %(click_id)s::text THEN NULL ELSE transaction_id END
WHERE
    received_at >= %(since)s AND received_at < %(until)s
    AND (
        click_id = %(click_id)s::text
        OR (%(click_id)s::text IS NOT NULL AND conversion_id = ANY(%(conversion_ids)s::uuid[]))
        OR EXISTS (SELECT FROM unnest(%(values)s::bytea[]) AS value WHERE position(value IN raw || '&'::bytea) > 0)
    )

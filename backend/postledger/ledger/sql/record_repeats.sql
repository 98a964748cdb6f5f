-- Writes the audit rows of entries that repeat a known key, with the verdicts of the fold.
INSERT INTO postbacks (
    id, received_at, source_id, source_ip, method, verdict, reason, parameter, cause, byte_offset, conversion_id, secret_id,
    event, click_id, transaction_id, status, source_status, payout, currency, event_time, raw, observed, click_shed,
    label_notes, raw_length, raw_sha256, body_kind, scheme, decoding, signed_at, idempotency_key, policy_version, replay_of
)
SELECT
    id, received_at, source_id, source_ip, method, verdict, reason, parameter, cause, byte_offset, conversion_id, secret_id,
    event, click_id, transaction_id, status, source_status, payout, currency, event_time, decode(raw, 'base64'),
    observed, click_shed, label_notes, raw_length, decode(raw_sha256, 'base64'),
    body_kind, scheme, decoding, signed_at, idempotency_key, policy_version, replay_of
FROM json_to_recordset(%s::json) AS entry (
    id uuid, received_at timestamptz, source_id integer, source_ip inet, method text, verdict text, reason text,
    parameter text, cause text, byte_offset integer, conversion_id uuid, secret_id integer, event text, click_id text,
    transaction_id text, status text, source_status text, payout numeric, currency text, event_time timestamptz,
    raw text, observed text [], click_shed boolean, label_notes jsonb, raw_length integer, raw_sha256 text,
    body_kind text, scheme smallint, decoding text, signed_at timestamptz, idempotency_key text,
    policy_version bigint, replay_of uuid
)
ON CONFLICT (id, received_at) DO NOTHING -- the rows of a batch that is written again, because its commit went unanswered

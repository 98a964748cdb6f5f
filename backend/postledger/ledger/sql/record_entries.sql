-- Records one batch of entries: looks their clicks up, opens new conversions, hands them over to the worker, and writes the
-- audit rows of the entries that are settled by that. A plain repeat is settled too: it finds its conversion as it left it.
-- An entry that is returned without a verdict repeats a known key in another way; it is folded next.
WITH batch AS MATERIALIZED (
    SELECT
        entry.*,
        clicks.is_imported,
        -- The click has no row, and its id names a campaign of ours. Else NULL.
        CASE WHEN entry.named_campaign_id IS NOT NULL AND clicks.click_id IS NULL THEN true END AS click_shed,
        CASE WHEN clicks.click_id IS NULL THEN entry.named_campaign_id ELSE clicks.campaign_id END AS campaign_id,
        coalesce(entry.affiliate_id, clicks.affiliate_id) AS attributed_to, -- the postback overrides the click
        CASE
            WHEN entry.reason IS NULL AND entry.click_check = 'required' AND clicks.click_id IS NULL
                AND entry.named_campaign_id IS NULL THEN 'unknown_click'
            ELSE entry.reason
        END AS refused_for,
        CASE
            WHEN entry.click_check = 'observed' AND clicks.click_id IS NULL AND entry.named_campaign_id IS NULL
                THEN array_append(entry.observed, 'unknown_click')
            ELSE entry.observed
        END AS observed_for
    FROM ROWS FROM (json_to_recordset(%s::json) AS (
        id uuid, received_at timestamptz, source_id integer, source_ip inet, method text, reason text, parameter text,
        cause text, byte_offset integer, secret_id integer, observed text [], click_check text, dedup_key uuid,
        event text, click_id text, transaction_id text,
        affiliate_id text, status text, source_status text, payout numeric, currency text, subs jsonb,
        event_time timestamptz, unsigned text [], reverses text, named_campaign_id integer, label_notes jsonb,
        raw text,
        raw_length integer, raw_sha256 text, kept_bytes integer, is_unpaid boolean,
        body_kind text, scheme smallint, decoding text, signed_at timestamptz, idempotency_key text,
        policy_version bigint, replay_of uuid, is_again boolean
    )) WITH ORDINALITY AS entry
    LEFT JOIN clicks ON clicks.click_id = entry.click_id
),

-- Sorted by key: two batches with the same keys in different orders would deadlock. Of several entries with one key, the
-- first opens the conversion. A reversal of an unknown conversion opens it too, with the amount that it takes back and
-- without its sign, because no conversion is worth less than nothing.
opened AS (
    INSERT INTO conversions (
        dedup_key, id, source_id, event, transaction_id, click_id, campaign_id, affiliate_id,
        status, source_status, payout, currency, subs, event_time, unsigned, created_at, updated_at, click_shed,
        revision
    )
    SELECT
        dedup_key, id, source_id, event, coalesce(reverses, transaction_id), click_id, campaign_id, attributed_to,
        status, source_status, abs(payout), currency, subs, event_time, unsigned, received_at, received_at, click_shed,
        1
    FROM batch
    WHERE refused_for IS NULL
    ORDER BY dedup_key, ordinality
    ON CONFLICT (dedup_key) DO NOTHING
    RETURNING id, dedup_key, created_at
),

handed_over AS (
    INSERT INTO outbox (received_at, dedup_key, receipt, revision, kind)
    SELECT created_at, dedup_key, id, 1, 'opened' FROM opened
),

-- The row can be there already: if the commit of an attempt went unanswered that refused the postback, because its click had
-- not come yet.
recorded_accepted AS (
    INSERT INTO postbacks (
        id, received_at, source_id, source_ip, method, verdict, conversion_id, secret_id,
        event, click_id, transaction_id, status, source_status, payout, currency, event_time, raw, observed, click_shed,
        label_notes, body_kind, scheme, decoding, signed_at, idempotency_key, policy_version, replay_of
    )
    SELECT
        batch.id, received_at, source_id, source_ip, method, 'accepted', opened.id, secret_id,
        event, click_id, transaction_id, status, source_status, payout, currency, event_time, decode(raw, 'base64'),
        observed_for, click_shed, label_notes, body_kind, scheme, decoding, signed_at, idempotency_key, policy_version,
        replay_of
    FROM batch
    JOIN opened ON opened.id = batch.id
    ON CONFLICT (id, received_at) DO NOTHING
),

settled AS (
    SELECT
        batch.*,
        repeated.id AS conversion_id,
        repeated.campaign_id AS known_campaign_id,
        CASE
            WHEN refused_for IS NOT NULL THEN 'refused'
            WHEN opened.id IS NOT NULL THEN 'accepted'
            WHEN repeated.id IS NOT NULL THEN 'duplicate'
        END AS verdict
    FROM batch
    LEFT JOIN opened ON opened.id = batch.id
    -- A plain repeat has the click, the status and the money of its conversion: a duplicate by every rule, whatever changed the
    -- conversion before. The second entry of a batch with a key is folded, because the first one may change what it finds.
    -- Nothing is looked up for entries that are settled, and nothing is locked. LIMIT rules out a join that reads the whole table.
    LEFT JOIN LATERAL (
        SELECT id, click_id, campaign_id, status, payout, currency
        FROM conversions
        WHERE
            opened.id IS NULL AND batch.refused_for IS NULL AND batch.is_again IS NULL
            AND conversions.dedup_key = batch.dedup_key
        LIMIT 1
    ) AS repeated ON
        repeated.id <> batch.id -- else this entry opened it, in an attempt whose commit went unanswered
        AND repeated.click_id = batch.click_id
        AND repeated.status = batch.status
        AND repeated.payout IS NOT DISTINCT FROM abs(batch.payout)
        AND repeated.currency IS NOT DISTINCT FROM batch.currency
),

recorded AS (
    INSERT INTO postbacks (
        id, received_at, source_id, source_ip, method, verdict, reason, parameter, cause, byte_offset, conversion_id,
        secret_id, event, click_id, transaction_id, status, source_status, payout, currency, event_time, raw, observed,
        click_shed, label_notes, raw_length, raw_sha256,
        body_kind, scheme, decoding, signed_at, idempotency_key, policy_version, replay_of
    )
    SELECT
        id, received_at, source_id, source_ip, method, verdict, refused_for, parameter, cause, byte_offset, conversion_id,
        secret_id,
        event, click_id, transaction_id, status, source_status, payout, currency, event_time,
        CASE
            WHEN refused_for IS NOT NULL AND kept_bytes IS NOT NULL THEN substring(decode(raw, 'base64') FOR kept_bytes)
            ELSE decode(raw, 'base64')
        END,
        observed_for, click_shed, label_notes,
        CASE WHEN refused_for IS NOT NULL THEN raw_length END,
        CASE WHEN refused_for IS NOT NULL THEN decode(raw_sha256, 'base64') END,
        body_kind, scheme, decoding, signed_at, idempotency_key, policy_version, replay_of
    FROM settled
    WHERE verdict IN ('refused', 'duplicate') AND (refused_for IS NULL OR is_unpaid IS NULL)
    ON CONFLICT (id, received_at) DO NOTHING -- the rows of a batch that is written again, because its commit went unanswered
    RETURNING id
)

-- A repeat that has its audit row already may have had another verdict then.
SELECT
    id::text,
    CASE WHEN verdict <> 'duplicate' OR id IN (SELECT recorded.id FROM recorded) THEN verdict END,
    refused_for,
    CASE WHEN verdict = 'duplicate' THEN known_campaign_id ELSE campaign_id END,
    observed_for, is_imported, click_shed,
    CASE WHEN verdict = 'duplicate' THEN conversion_id::text END
FROM settled

-- What becomes of each thing that was found: `step` is `new`, `same`, `changed`, or `reopened`.
-- In a locked month nothing of the items there changes. What is not among them becomes an item of the class
-- `after_lock` under a key of its own, and its facts name the class.
CREATE TEMPORARY TABLE compared_items ON COMMIT DROP AS
WITH hashed AS (
    SELECT
        found_items.*,
        sha256(convert_to(
            concat_ws(E'\x1f', class, trim_scale(stake)::text, currency, facts::text), 'UTF8'
        )) AS facts_sha256
    FROM found_items
),

placed AS (
    SELECT
        CASE WHEN %(locked)s THEN sha256('after_lock'::bytea || key) ELSE key END AS key,
        CASE WHEN %(locked)s THEN 'after_lock' ELSE class END AS class,
        dedup_key,
        statement_id,
        line_no,
        bill_id,
        receivable_id,
        stake,
        currency,
        CASE WHEN %(locked)s THEN facts || jsonb_build_object('class', class) ELSE facts END AS facts,
        facts_sha256
    FROM hashed
    WHERE
        NOT %(locked)s OR NOT EXISTS (
            SELECT FROM discrepancies AS known
            WHERE
                known.key = hashed.key AND known.facts_sha256 = hashed.facts_sha256 AND known.state <> 'gone'
        )
)

SELECT
    placed.*,
    CASE
        WHEN known.key IS NULL THEN 'new'
        WHEN known.state = 'gone' THEN 'reopened'
        WHEN
            known.state IN ('resolved', 'accepted')
            AND placed.facts_sha256 <> coalesce(known.settled_facts_sha256, known.facts_sha256)
            THEN 'reopened'
        WHEN placed.facts_sha256 <> known.facts_sha256 THEN 'changed'
        ELSE 'same'
    END AS step
FROM placed
LEFT JOIN discrepancies AS known ON known.key = placed.key

-- Takes over what people decided on the lines of the report that this one replaced: what they confirmed, made by hand or
-- undid. The line with the same ids is the same line; of several it is the one at the same place among them.
WITH RECURSIVE earlier_reports AS (
    SELECT replaces AS id FROM statements WHERE id = %(statement_id)s AND replaces IS NOT NULL
    UNION
    SELECT statements.replaces
    FROM earlier_reports
    JOIN statements ON statements.id = earlier_reports.id
    WHERE statements.replaces IS NOT NULL
),

decided AS (
    SELECT matches.*
    FROM matches
    JOIN earlier_reports ON earlier_reports.id = matches.statement_id
    WHERE
        matches.dedup_key IS NOT NULL
        AND (matches.state IN ('confirmed', 'undone') OR (matches.method = 'by_hand' AND matches.state = 'matched'))
),

old_lines AS (
    SELECT
        statement_id,
        line_no,
        concat_ws(E'\x1f', 'ids', transaction_id, E'\x1e', event, E'\x1e', click_id) AS ids,
        row_number() OVER (PARTITION BY statement_id, transaction_id, event, click_id ORDER BY line_no) AS place
    FROM statement_lines
    WHERE statement_id IN (SELECT statement_id FROM decided)
),

new_lines AS (
    SELECT
        line_no,
        concat_ws(E'\x1f', 'ids', transaction_id, E'\x1e', event, E'\x1e', click_id) AS ids,
        row_number() OVER (PARTITION BY transaction_id, event, click_id ORDER BY line_no) AS place
    FROM statement_lines
    WHERE statement_id = %(statement_id)s AND EXISTS (SELECT FROM decided)
),

kept AS (
    SELECT DISTINCT ON (new_lines.line_no, decided.dedup_key, decided.state = 'undone')
        new_lines.line_no AS new_line_no, decided.*
    FROM decided
    JOIN old_lines ON old_lines.statement_id = decided.statement_id AND old_lines.line_no = decided.line_no
    JOIN new_lines ON new_lines.ids = old_lines.ids AND new_lines.place = old_lines.place
    WHERE NOT EXISTS (
        SELECT FROM matches AS known
        WHERE
            known.statement_id = %(statement_id)s AND known.line_no = new_lines.line_no
            AND (known.state IN ('confirmed', 'undone') OR known.method = 'by_hand')
    )
    ORDER BY new_lines.line_no, decided.dedup_key, decided.state = 'undone', decided.matched_at DESC
)

INSERT INTO matches (
    statement_id, line_no, nth, dedup_key, part, amount, currency, method, state, reasons, run_id, confirmed_by, matched_at,
    undone_at, undone_by
)
SELECT
    %(statement_id)s, kept.new_line_no,
    row_number() OVER (PARTITION BY kept.new_line_no ORDER BY kept.matched_at, kept.nth)
    + coalesce((
        SELECT max(nth) FROM matches AS known
        WHERE known.statement_id = %(statement_id)s AND known.line_no = kept.new_line_no
    ), 0),
    kept.dedup_key, kept.part, line.amount, line.currency, kept.method, kept.state, kept.reasons, kept.run_id,
    kept.confirmed_by, kept.matched_at, kept.undone_at, kept.undone_by
FROM kept
JOIN statement_lines AS line ON line.statement_id = %(statement_id)s AND line.line_no = kept.new_line_no

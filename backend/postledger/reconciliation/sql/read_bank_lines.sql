-- The bank lines of a month that have no match, and whether a person has undone one. A pending line is no money.
SELECT
    lines.statement_id::text,
    lines.line_no,
    coalesce(lines.valued_on, lines.booked_on) AS day,
    lines.amount,
    lines.currency,
    lines.fee,
    lines.instructed_amount,
    lines.instructed_currency,
    lines.rate,
    lines.bank_reference,
    lines.end_to_end,
    lines.counterparty,
    lines.counterparty_account_hash,
    lines.remittance,
    lines.reversal,
    coalesce(before.undone, false) AS undone,
    coalesce(before.nth, 0) AS nth,
    encode(lines.fingerprint, 'hex') || ':' || coalesce(lines.occurrence, 1) AS subject
FROM statements
JOIN statement_lines AS lines ON lines.statement_id = statements.id
LEFT JOIN LATERAL (
    SELECT
        bool_or(matches.state = 'undone') AS undone,
        bool_or(matches.state <> 'undone') AS matched,
        max(matches.nth) AS nth
    FROM matches
    WHERE matches.statement_id = lines.statement_id AND matches.line_no = lines.line_no
) AS before ON true
WHERE
    statements.account = %(account)s
    AND coalesce(lines.booked_on, lines.valued_on) >= %(since)s
    AND coalesce(lines.booked_on, lines.valued_on) < %(until)s
    AND NOT lines.pending
    AND lines.amount <> 0
    AND before.matched IS NOT TRUE

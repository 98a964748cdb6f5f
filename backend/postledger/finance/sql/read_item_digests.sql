-- A digest over the keys of the lines that are due, by payee, currency and period.
SELECT
    payee, currency, period, sha256(string_agg(dedup_key::text || ' ' || seq, ',' ORDER BY dedup_key, seq)::bytea)
FROM due_lines
GROUP BY payee, currency, period

-- The expense lines that were there before the chain, in the order of their digest.
SELECT dedup_key::text, seq, id::text, amount::text, currency, payee, account, rule FROM expense_lines
ORDER BY dedup_key, seq

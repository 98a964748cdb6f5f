-- Conversions with a line that carries money and is not unmapped, although its rule, payee or rate is missing.
SELECT DISTINCT conversion_id::text
FROM expense_lines
WHERE unmapped IS NULL AND amount <> 0 AND (rule IS NULL OR payee IS NULL OR category IS NULL OR base_amount IS NULL)
ORDER BY 1

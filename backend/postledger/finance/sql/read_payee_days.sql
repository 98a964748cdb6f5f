-- What is known of payees' days. A row of another version of the rules may lack lines, because without a rule for days
-- none are added.
SELECT
    payee_days.payee, payee_days.day, payee_days.currency, payee_days.amount, payee_days.base_amount,
    payee_days.base_currency
FROM unnest(%(payees)s::text [], %(days)s::date [], %(currencies)s::text []) AS wanted (payee, day, currency)
JOIN payee_days
    ON payee_days.payee = wanted.payee AND payee_days.day = wanted.day AND payee_days.currency = wanted.currency
WHERE payee_days.rules_version = %(rules_version)s

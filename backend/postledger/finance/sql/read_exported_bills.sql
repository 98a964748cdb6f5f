-- Bills as targets of exports get them. The day of a bill is the one in the time zone of the books.
SELECT
    bills.id, bills.number, bills.payee, coalesce(payees.name, bills.payee), payees.erp_reference, bills.period,
    (bills.created_at AT TIME ZONE coalesce((SELECT settings ->> 'timezone' FROM finance), 'UTC'))::date,
    bills.currency, bills.exact, bills.carried_in, bills.amount, bills.carried_out
FROM bills
LEFT JOIN payees ON payees.id = bills.payee
WHERE bills.id = any(%s)

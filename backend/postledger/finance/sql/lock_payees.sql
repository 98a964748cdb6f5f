-- The currency and minimum of payees, retired ones too. A change of a payee waits until the bills are there, so that
-- the change stops them.
SELECT id, currency, min_bill FROM payees WHERE id = ANY(%s) FOR SHARE

-- `spooled` and `parked` are two verdicts now: `parked` is what the reversal guard holds back, `spooled` belongs to the
-- outage spool. A source that has an answer of its own for `spooled` keeps it for `parked`.
--
-- Rows of `postbacks` are never changed: those of earlier releases keep `spooled`. They are parked reversals if
-- `parked_reversals` has their id. `verdict` gets no CHECK: the previous release makes the partitions of coming days
-- without one, and Postgres would refuse to attach them.
--
-- Safe while the previous release serves: it ignores the new key.
UPDATE sources
SET settings = jsonb_set(settings, '{ack,parked}', settings #> '{ack,spooled}')
WHERE settings #> '{ack,spooled}' IS NOT NULL AND settings #> '{ack,parked}' IS NULL;

-- Leaves those that are named and belong to other months.
DELETE FROM named USING ledger_side WHERE ledger_side.dedup_key = named.dedup_key

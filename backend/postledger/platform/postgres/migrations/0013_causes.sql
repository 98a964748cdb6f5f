-- What exactly is wrong with a refused postback, and where in its body. The list of causes is in vocabulary/refusal.py.
-- Rows of earlier releases have none. No CHECK, because the previous release makes the partitions of coming days.
ALTER TABLE postbacks ADD COLUMN cause text COLLATE "C", ADD COLUMN byte_offset integer;

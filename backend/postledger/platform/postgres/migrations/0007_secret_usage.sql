-- When a secret last matched: written at most once a minute by each worker, so that an operator can tell when an old
-- one is no longer in use. The audit knows it too, but goes by time and would have to be read whole.
ALTER TABLE source_secrets ADD COLUMN last_matched_at timestamptz;

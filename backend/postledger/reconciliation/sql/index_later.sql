-- Lets the state at `as_of` be looked up by conversion, however many conversions the plan expects.
CREATE UNIQUE INDEX ON later (dedup_key)

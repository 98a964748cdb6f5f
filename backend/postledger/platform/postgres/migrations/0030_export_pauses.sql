-- A target of exports that fails rests for a while, whichever worker saw it, and until an operator ends it.
ALTER TABLE export_targets
ADD COLUMN failures integer NOT NULL DEFAULT 0, -- in a row
ADD COLUMN paused_until timestamptz; -- after a failure nothing is sent until then

-- The table is new in this release, and empty.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX exports_refused ON exports (target) WHERE state = 'refused';

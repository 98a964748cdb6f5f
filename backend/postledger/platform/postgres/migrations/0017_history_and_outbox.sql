-- Every change of a conversion leaves a row in conversion_events, changes of status too. The opening needs none: the
-- values before the first change, or the conversion itself, tell it. In rows of earlier releases the new columns are NULL.
ALTER TABLE conversion_events
ADD COLUMN status_before text COLLATE "C",
ADD COLUMN status_after text COLLATE "C",
ADD COLUMN currency_before text COLLATE "C",
ADD COLUMN revision integer, -- of the conversion after this change
-- squawk-ignore ban-drop-constraint
DROP CONSTRAINT conversion_events_check,
-- squawk-ignore ban-drop-constraint
DROP CONSTRAINT conversion_events_kind_check,
ADD CONSTRAINT conversion_events_kind_check
CHECK (kind IN ('status', 'correction', 'refund', 'reversal')) NOT VALID,
ADD CONSTRAINT conversion_events_reverses_check
CHECK ((reverses IS NULL) = (kind IN ('status', 'correction'))) NOT VALID;

-- How many states the conversion has had; NULL reads as 1. The fold gives it, so that a batch that is written again does
-- not count twice.
ALTER TABLE conversions ADD COLUMN revision integer;

-- The hand-over to the worker: one row for each change that it has not seen, written by the statement that books the
-- change. The key is filled at its right edge and is the order of work. A `backfilled` row asks for the expense lines of
-- a conversion of the past, and is sent to nobody.
CREATE TABLE outbox (
    received_at timestamptz NOT NULL,
    dedup_key uuid NOT NULL,
    receipt uuid NOT NULL,
    revision integer NOT NULL,
    kind text COLLATE "C" NOT NULL
    CHECK (kind IN ('opened', 'updated', 'corrected', 'refunded', 'reversed', 'backfilled')),
    PRIMARY KEY (received_at, dedup_key, receipt)
);

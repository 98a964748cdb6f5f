"""A guard in a test's database: it refuses a commit that changes a conversion without a row in the outbox."""

import psycopg

_GUARD = """
CREATE FUNCTION refuse_unrecorded_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    last_known integer := CASE TG_OP WHEN 'INSERT' THEN 0 ELSE coalesce(OLD.revision, 1) END;
    missing integer;
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.revision IS NOT DISTINCT FROM OLD.revision THEN
        RAISE EXCEPTION 'changed without a revision: % -> %', OLD, NEW;
    END IF;
    SELECT number INTO missing FROM generate_series(last_known + 1, NEW.revision) AS number
    WHERE NOT EXISTS (SELECT FROM outbox WHERE dedup_key = NEW.dedup_key AND outbox.revision = number)
        OR (number > 1 AND NOT EXISTS (
            SELECT FROM conversion_events AS event WHERE event.dedup_key = NEW.dedup_key AND event.revision = number
        ));
    IF missing IS NOT NULL OR NEW.revision IS NULL THEN
        RAISE EXCEPTION 'revision % has no row in the outbox or in the history', missing;
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER recorded_when_opened AFTER INSERT ON conversions DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION refuse_unrecorded_change();
CREATE CONSTRAINT TRIGGER recorded_when_changed AFTER UPDATE ON conversions DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW WHEN (
    (OLD.status, OLD.payout, OLD.currency, OLD.source_status, OLD.event_time, OLD.unsigned, OLD.revision)
    IS DISTINCT FROM
    (NEW.status, NEW.payout, NEW.currency, NEW.source_status, NEW.event_time, NEW.unsigned, NEW.revision)
) EXECUTE FUNCTION refuse_unrecorded_change();
"""


def guard_outbox(url: str) -> None:
    """Refuse every commit that opens or changes a conversion without its rows in the outbox and in the history.

    It looks at the end of the transaction, so each statement of a path may write its part.
    """
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_GUARD.encode())

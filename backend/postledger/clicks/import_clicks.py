"""Clicks that another system made, taken in by the ten thousand: COPY into a temporary table, from there what is new.

Each portion is a transaction of its own, so that memory stays bounded and a run that was stopped can be repeated.
"""

from collections.abc import Iterable
from typing import Any

from psycopg import Connection
from psycopg.types.json import Jsonb

from postledger.vocabulary.click import Click

_STAGE = """
CREATE TEMPORARY TABLE IF NOT EXISTS imported_clicks (LIKE clicks INCLUDING DEFAULTS) ON COMMIT DELETE ROWS
"""
_COPY = "COPY imported_clicks (click_id, campaign_id, affiliate_id, subs, created_at) FROM STDIN (FORMAT binary)"
_TYPES = ("text", "int4", "text", "jsonb", "timestamptz")
# Sorted, because the index then grows at one place at a time; a million random places would each be a page to read.
_INSERT = """
INSERT INTO clicks (click_id, campaign_id, affiliate_id, subs, created_at, is_imported)
SELECT click_id, campaign_id, affiliate_id, subs, created_at, true FROM imported_clicks ORDER BY click_id
ON CONFLICT (click_id) DO NOTHING
"""
_CAMPAIGNS = "SELECT slug, id FROM campaigns WHERE removed_at IS NULL"


def read_campaign_ids(connection: Connection[Any]) -> dict[str, int]:
    """Read the campaigns in force, by slug."""
    return dict(connection.execute(_CAMPAIGNS).fetchall())


def import_clicks(connection: Connection[Any], clicks: Iterable[Click]) -> int:
    """Store the clicks that are new, durably, and count them; a known id stays as it is."""
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute(_STAGE)
        with cursor.copy(_COPY) as copy:
            copy.set_types(_TYPES)
            for click in clicks:
                subs = None if click.subs is None else Jsonb(click.subs)
                copy.write_row((click.click_id, click.campaign_id, click.affiliate_id, subs, click.created_at))
        return cursor.execute(_INSERT).rowcount

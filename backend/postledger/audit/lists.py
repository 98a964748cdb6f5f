"""Lists conversions and audit rows, newest first, by filters that are all optional."""

from datetime import datetime, timedelta
from typing import Any

import msgspec
from psycopg import Connection
from psycopg.rows import dict_row

from postledger.platform.postgres.sql import statements_of
from postledger.vocabulary.operator_error import NotFound

sql = statements_of("postledger.audit")

_CLOCKS_DIFFER_BY = timedelta(days=1)
_NAMED = ("source", "campaign")

Row = dict[str, Any]


class Filters(msgspec.Struct, frozen=True):
    """What to list. None does not filter. `since` is inclusive, `until` is exclusive."""

    limit: int
    source: str | None = None
    status: str | None = None
    verdict: str | None = None
    reason: str | None = None
    campaign: str | None = None
    event: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def list_conversions(connection: Connection[Any], filters: Filters) -> list[Row]:
    """List conversions. Raises `NotFound`."""
    bounds = {"first_id": _first_id(filters.since), "last_id": _last_id(filters.until)}
    return _fetch(connection, "list_conversions", filters, bounds)


def list_postbacks(connection: Connection[Any], filters: Filters, *, with_raw: bool) -> list[Row]:
    """List audit rows. The request as received is part of a row only `with_raw`. Raises `NotFound`."""
    rows = _fetch(connection, "list_postbacks", filters, {"with_raw": with_raw})
    return rows if with_raw else [{name: row[name] for name in row if name != "raw"} for row in rows]


def _fetch(connection: Connection[Any], query: str, filters: Filters, more: dict[str, Any]) -> list[Row]:
    for kind in _NAMED:
        name = getattr(filters, kind)
        # An empty list would hide that the name is misspelt.
        if name is not None and connection.execute(sql(f"{kind}_exists"), (name,)).fetchone() == (False,):
            raise NotFound(f"{kind} {name} does not exist; check the name")
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(sql(query), {**msgspec.structs.asdict(filters), **more}).fetchall()


def _first_id(since: datetime | None) -> str | None:
    return None if since is None else f"{_unix_ms(since - _CLOCKS_DIFFER_BY):012x}{'0' * 20}"


def _last_id(until: datetime | None) -> str | None:
    return None if until is None else f"{_unix_ms(until + _CLOCKS_DIFFER_BY):012x}{'f' * 20}"


def _unix_ms(moment: datetime) -> int:
    return max(0, int(moment.timestamp() * 1000))

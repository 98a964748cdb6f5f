"""Lists conversions and audit rows, newest first, by filters that are all optional.

Rows are read from a server-side cursor while they are used, so memory does not grow with their number.
"""

from collections.abc import Generator
from datetime import datetime, timedelta
from typing import Any

import msgspec
from psycopg import Connection
from psycopg.rows import dict_row

from postledger.platform.postgres.sql import statements_of
from postledger.vocabulary.operator_error import NotFound
from postledger.vocabulary.selftest import SELFTEST

sql = statements_of("postledger.audit")

_CLOCKS_DIFFER_BY = timedelta(days=1)
_NAMED = ("source", "campaign")
_ROWS_AT_A_TIME = 500

Row = dict[str, Any]
Rows = Generator[Row, None, None]
"""Rows that are read while they are used. Close it before the connection."""


class Filters(msgspec.Struct, frozen=True):
    """What to list. None does not filter. `since` is inclusive, `until` is exclusive."""

    limit: int | None = None
    source: str | None = None
    status: str | None = None
    verdict: str | None = None
    reason: str | None = None
    campaign: str | None = None
    event: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    updated_since: datetime | None = None
    affiliate: str | None = None
    currency: str | None = None


def list_conversions(connection: Connection[Any], filters: Filters) -> Rows:
    """List conversions. Raises `NotFound` before the first row."""
    bounds = {"first_id": _first_id(filters.since), "last_id": _last_id(filters.until)}
    return _list(connection, "list_conversions", filters, bounds)


def list_postbacks(connection: Connection[Any], filters: Filters, *, with_raw: bool) -> Rows:
    """List audit rows. `raw`, the request as received, is None unless `with_raw`. Raises `NotFound`."""
    return _list(connection, "list_postbacks", filters, {"with_raw": with_raw})


def _list(connection: Connection[Any], query: str, filters: Filters, more: dict[str, Any]) -> Rows:
    for kind in _NAMED:
        name = getattr(filters, kind)
        # An empty list would hide that the name is misspelt.
        if name is not None and connection.execute(sql(f"{kind}_exists"), (name,)).fetchone() == (False,):
            raise NotFound(f"{kind} {name} does not exist; check the name")
    return _read(connection, query, {**msgspec.structs.asdict(filters), "selftest": SELFTEST, **more})


def _read(connection: Connection[Any], query: str, values: dict[str, Any]) -> Rows:
    with connection.transaction(), connection.cursor("listed", row_factory=dict_row) as cursor:
        cursor.itersize = _ROWS_AT_A_TIME
        cursor.execute(sql(query), values)
        yield from cursor


def _first_id(since: datetime | None) -> str | None:
    return None if since is None else f"{_unix_ms(since - _CLOCKS_DIFFER_BY):012x}{'0' * 20}"


def _last_id(until: datetime | None) -> str | None:
    return None if until is None else f"{_unix_ms(until + _CLOCKS_DIFFER_BY):012x}{'f' * 20}"


def _unix_ms(moment: datetime) -> int:
    return max(0, int(moment.timestamp() * 1000))

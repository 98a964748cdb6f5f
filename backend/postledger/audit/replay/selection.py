"""Which stored postbacks a replay judges, and how they are read: by day, in the order of their receipts."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from datetime import time as clock_time
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace
from psycopg import Connection

from postledger.ledger.partitions import list_days
from postledger.platform.postgres.connection import read_clock
from postledger.platform.postgres.sql import statements_of
from postledger.vocabulary.operator_error import InvalidRequest, NotFound
from postledger.vocabulary.receipt import is_receipt, receipt_unix_ms
from postledger.vocabulary.selftest import SELFTEST

sql = statements_of("postledger.audit.replay")

MOST_RECEIPTS = 10_000
_DAY = timedelta(days=1)
_FIRST = "00000000-0000-0000-0000-000000000000"


class Selection(msgspec.Struct, frozen=True, omit_defaults=True):
    """The rows that were received from `since` on and before `until`, and that match each filter that is given."""

    since: datetime
    until: datetime
    source: str | None = None
    verdict: str | None = None
    reason: str | None = None
    transaction: str | None = None
    receipts: tuple[str, ...] | None = None


class Cursor(msgspec.Struct, frozen=True):
    """The last row that was read."""

    received_at: datetime
    id: str


class StoredRow(NamedTuple):
    """One row of the audit. `dedup_key` is that of its conversion."""

    id: str
    received_at: datetime
    source: str | None
    source_address: str | None
    method: str
    verdict: str
    reason: str | None
    parameter: str | None
    cause: str | None
    conversion_id: str | None
    secret_id: int | None
    event: str | None
    click_id: str | None
    transaction_id: str | None
    status: str | None
    payout: Decimal | None
    currency: str | None
    event_time: datetime | None
    raw: bytes
    is_cut: bool
    observed: list[str] | None
    body_kind: str | None
    scheme: int | None
    decoding: str | None
    signed_at: datetime | None
    idempotency_key: str | None
    policy_version: int | None
    dedup_key: str | None


def begin_of(receipts: Sequence[str]) -> datetime:
    """Return a time from which on all of some receipts were received; clocks may differ by a day."""
    made_ms = [receipt_unix_ms(receipt) for receipt in receipts if is_receipt(receipt)]
    return datetime.fromtimestamp(min(made_ms, default=0) / 1000, UTC) - _DAY


def bound(connection: Connection[Any], selection: Selection) -> Selection:
    """Bound a selection by the oldest day of the audit and by the present time of Postgres."""
    days = list_days(connection)
    oldest = datetime.combine(days[0], clock_time(), UTC) if days else selection.since
    return replace(selection, since=max(selection.since, oldest), until=min(selection.until, read_clock(connection)))


def check_selection(connection: Connection[Any], selection: Selection) -> None:
    """Raise `InvalidRequest` for a selection that cannot match, and `NotFound` for an unknown source."""
    if selection.since >= selection.until:
        raise InvalidRequest("--since must be before --until")
    for receipt in selection.receipts or ():
        if not is_receipt(receipt):
            raise InvalidRequest("--receipts: a line is not a receipt; give one receipt on each line")
    if len(selection.receipts or ()) > MOST_RECEIPTS:
        raise InvalidRequest(f"--receipts: at most {MOST_RECEIPTS} receipts; split the file")
    slug = selection.source
    if slug is not None and connection.execute(sql("source_exists"), (slug,)).fetchone() is None:
        raise NotFound(f"source {slug} does not exist; run: postledger source list")


def count_rows(connection: Connection[Any], selection: Selection, after: Cursor | None = None) -> int:
    """Count the rows that are still to be read, a day at a time."""
    prepare = _prepares(selection)
    days = _list_days(selection, after)
    counts = (connection.execute(sql("count_rows"), values, prepare=prepare).fetchone() for values in days)
    return sum(int(row[0]) for row in counts if row is not None)


def read_rows(connection: Connection[Any], selection: Selection, after: Cursor | None, limit: int) -> list[StoredRow]:
    """Read the next rows; none means that all were read."""
    for values in _list_days(selection, after):
        values["limit"] = limit
        rows = connection.execute(sql("read_rows"), values, prepare=_prepares(selection)).fetchall()
        if rows:
            return [StoredRow(*row) for row in rows]
    return []


def read_batches(connection: Connection[Any], selection: Selection, limit: int) -> Iterator[list[StoredRow]]:
    """Read all rows, so many at a time."""
    cursor = None
    while rows := read_rows(connection, selection, cursor, limit):
        yield rows
        cursor = Cursor(rows[-1].received_at, rows[-1].id)


def _prepares(selection: Selection) -> bool | None:
    # A plan for any receipts compares each row of a day with each receipt. None lets the driver choose.
    return None if selection.receipts is None else False


def _list_days(selection: Selection, after: Cursor | None) -> Iterator[dict[str, object]]:
    # A statement reads one partition, by its primary key, so that it ends within its timeout and needs no sort.
    values = msgspec.structs.asdict(selection) | {"selftest": SELFTEST, "after": _FIRST if after is None else after.id}
    values["receipts"] = None if selection.receipts is None else list(selection.receipts)
    since = selection.since if after is None else max(selection.since, _midnight(after.received_at))
    while since < selection.until:
        until = min(_midnight(since) + _DAY, selection.until)
        yield values | {"since": since, "until": until}
        since, values["after"] = until, _FIRST


def _midnight(moment: datetime) -> datetime:
    return datetime.combine(moment.astimezone(UTC).date(), clock_time(), UTC)

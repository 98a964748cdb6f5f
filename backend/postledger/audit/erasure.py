"""Erases a click id, or the hash of a personal datum, from clicks, audit rows, conversions and their changes.

The money stays. The sandbox has no money: what it has of them is deleted.

Each day of the audit is a transaction of its own, because one long transaction would block writers. An interrupted
erasure can be repeated. When it ends, everything that was received before it began has been searched, requests that
were not yet committed included.
"""

import json
import re
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from datetime import time as clock_time
from typing import Any
from urllib.parse import quote, quote_plus

import msgspec
from psycopg import Connection

from postledger.ledger.partitions import list_days
from postledger.platform.postgres.advisory_locks import ERASURE
from postledger.platform.postgres.connection import WRITER
from postledger.platform.postgres.sql import statements_of
from postledger.platform.timeouts import SETTLED_WITHIN_S
from postledger.policy.privacy import is_hash
from postledger.vocabulary.click import FORGOTTEN
from postledger.vocabulary.operator_error import InvalidRequest

sql = statements_of("postledger.audit")

_STEP_S = 0.1
_ESCAPE = re.compile("%[0-9A-F]{2}")


class Erased(msgspec.Struct, frozen=True):
    """The number of rows that held the value, by table."""

    clicks: int
    postbacks: int
    conversions: int


def erase(
    connection: Connection[Any],
    *,
    click_id: str | None = None,
    hashed: str | None = None,
    actor: str,
    now: datetime,
    on_progress: Callable[[int, int], None],
    pause: Callable[[float], None] | None = None,
) -> Erased:
    """Erase a click id or a hash, record the erasure without the value, and return the counts.

    Progress is reported in days of the audit. Raises `InvalidRequest`.
    """
    value = _check(click_id, hashed)
    connection.execute(sql("lock_erasure"), (ERASURE,))
    _wait_for_requests(connection, pause or let_pass)
    term = {"click_id": click_id, "datum": value}
    found = connection.execute(sql("forget_conversions"), {**term, "forgotten": FORGOTTEN, "now": now}).fetchall()
    for statement in (sql("forget_changes"), sql("forget_parked"), sql("forget_replays")):
        connection.execute(statement, {**term, "forgotten": FORGOTTEN})
    clicks = _erase_clicks(connection, term)
    of_click = [conversion_id for conversion_id, is_of_click in found if is_of_click]
    values = {**term, "conversion_ids": of_click, "values": _list_forms(value)}
    connection.execute(sql("forget_sandbox"), values)
    erased = Erased(clicks, _erase_postbacks(connection, values, on_progress), len(found))
    kind = "hash" if click_id is None else "click_id"
    counts = (erased.clicks, erased.postbacks, erased.conversions)
    connection.execute(sql("record_erasure"), (now, actor, kind, *counts))
    return erased


def let_pass(seconds: float) -> None:
    """Wait in short steps. While the machine is suspended no time passes, because requests make no progress either."""
    for _ in range(round(seconds / _STEP_S)):
        time.sleep(_STEP_S)


def _check(click_id: str | None, hashed: str | None) -> str:
    if (click_id is None) == (hashed is None):
        raise InvalidRequest("give either a click id or a hash (--click-id or --hash)")
    if hashed is not None and not is_hash(hashed):
        raise InvalidRequest("the hash is malformed: give h- and 32 hexadecimal digits, as postledger hash prints it")
    if click_id == "":
        raise InvalidRequest("the click id is empty; give the one to forget")
    return click_id or hashed or ""


def _wait_for_requests(connection: Connection[Any], pause: Callable[[float], None]) -> None:
    # A row that is committed after the search would be missed.
    if connection.execute(sql("find_writer"), (f"postledger-{WRITER}",)).fetchone() is not None:
        pause(SETTLED_WITHIN_S)


def _erase_clicks(connection: Connection[Any], values: Mapping[str, str | None]) -> int:
    row = connection.execute(sql("forget_clicks"), values).fetchone()
    assert row is not None, "a sum is always one row"
    return int(row[0])


def _erase_postbacks(
    connection: Connection[Any], values: Mapping[str, object], on_progress: Callable[[int, int], None]
) -> int:
    erased, days = 0, list_days(connection)
    for number, day in enumerate(days, 1):
        begins = datetime.combine(day, clock_time(), UTC)
        span = {"since": begins, "until": begins + timedelta(days=1)}
        erased += connection.execute(sql("forget_postbacks"), {**values, **span}).rowcount
        on_progress(number, len(days))
    return erased


def _list_forms(value: str) -> list[bytes]:
    """List the forms that a whole value can have in an audit row, with the characters that delimit it."""
    quoted = {value, quote(value, safe=""), quote_plus(value), quote(value)}
    quoted |= {_ESCAPE.sub(lambda escape: escape[0].lower(), text) for text in quoted}
    texts = {json.dumps(value), json.dumps(value, ensure_ascii=False)}
    texts |= {text.replace("/", "\\/") for text in texts}  # PHP escapes a slash
    numbers = [f":{space}{value}{end}" for space in ("", " ") for end in (",", "}")] if value.isdecimal() else []
    return [form.encode() for form in _sort([f"={text}&" for text in quoted], texts, numbers)]


def _sort(*forms: Iterable[str]) -> list[str]:
    return sorted({form for some in forms for form in some})

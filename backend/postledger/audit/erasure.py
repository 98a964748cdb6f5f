"""Forgetting: a click id, or the hash of a personal datum, is taken off the ledger, and the money stays.

Each part is a transaction of its own, so that nobody waits for the whole; whoever is interrupted says the same again.
What was received before it began is gone when it has ended, also what was still on its way to the disk.
"""

import json
import re
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from datetime import time as clock_time
from typing import Any
from urllib.parse import quote, quote_plus

import msgspec
from psycopg import Connection

from postledger.ledger.partitions import list_days
from postledger.platform.postgres.connection import WRITER
from postledger.platform.postgres.sql import statements_of
from postledger.platform.timeouts import SETTLED_WITHIN_S

sql = statements_of("postledger.audit")

FORGOTTEN = "forgotten"
_STEP_S = 0.1
_LOCK_ID = 0x66726774  # "frgt": two at once could wait for each other's rows for ever
_FIND_WRITER = """
SELECT FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
    AND coalesce(application_name = %s, true) -- what another role's session is called may be hidden
LIMIT 1
"""
_ESCAPE = re.compile("%[0-9A-F]{2}")
_AUDIT = """
INSERT INTO erasures (erased_at, actor, kind, clicks, postbacks, conversions) VALUES (%s, %s, %s, %s, %s, %s)
"""


class Erased(msgspec.Struct):
    """How many rows a datum was taken out of."""

    clicks: int = 0
    postbacks: int = 0
    conversions: int = 0


def erase(
    connection: Connection[Any],
    *,
    click_id: str | None = None,
    hashed: str | None = None,
    actor: str,
    now: datetime,
    tell_progress: Callable[[int, int], None],
    pause: Callable[[float], None] | None = None,
) -> Erased:
    """Erase one of the two, leave an audit line without the datum, and count; progress is told in days of the audit."""
    connection.execute("SELECT pg_advisory_lock(%s)", (_LOCK_ID,))
    _let_requests_settle(connection, pause or let_pass)
    datum = click_id or hashed or ""
    wanted = {"click_id": click_id, "datum": datum}
    found = connection.execute(sql("forget_conversions"), {**wanted, "forgotten": FORGOTTEN}).fetchall()
    erased = Erased(_count(connection, wanted), 0, len(found))
    of_click = [own_id for own_id, is_of_click in found if is_of_click]
    values = {**wanted, "conversion_ids": of_click, "values": _write_forms(datum)}
    days = list_days(connection)
    for number, day in enumerate(days, 1):
        begins = datetime.combine(day, clock_time(), UTC)
        span = {"since": begins, "until": begins + timedelta(days=1)}
        erased.postbacks += connection.execute(sql("forget_postbacks"), {**values, **span}).rowcount
        tell_progress(number, len(days))
    kind = "hash" if click_id is None else "click_id"
    connection.execute(_AUDIT, (now, actor, kind, erased.clicks, erased.postbacks, erased.conversions))
    return erased


def let_pass(seconds: float) -> None:
    """Wait for so long that this machine runs: while it stands still, what is on its way gets no further either."""
    for _ in range(round(seconds / _STEP_S)):
        time.sleep(_STEP_S)


def _let_requests_settle(connection: Connection[Any], pause: Callable[[float], None]) -> None:
    # A row that commits behind the statement that looks for it would be overlooked.
    if connection.execute(_FIND_WRITER, (f"postledger-{WRITER}",)).fetchone() is not None:
        pause(SETTLED_WITHIN_S)


def _count(connection: Connection[Any], wanted: dict[str, str | None]) -> int:
    row = connection.execute(sql("forget_clicks"), wanted).fetchone()
    assert row is not None, "a sum is always a row"
    return int(row[0])


def _write_forms(value: str) -> list[bytes]:
    """Write a value in every form that it may have as a whole in an audit row, each with what stands around it."""
    quoted = {value, quote(value, safe=""), quote_plus(value), quote(value)}
    quoted |= {_ESCAPE.sub(lambda escape: escape[0].lower(), text) for text in quoted}
    texts = {json.dumps(value), json.dumps(value, ensure_ascii=False)}
    texts |= {text.replace("/", "\\/") for text in texts}  # as PHP writes it
    numbers = [f":{space}{value}{end}" for space in ("", " ") for end in (",", "}")] if value.isdecimal() else []
    return [form.encode() for form in _sort([f"={text}&" for text in quoted], texts, numbers)]


def _sort(*forms: Iterable[str]) -> list[str]:
    return sorted({form for some in forms for form in some})

"""Maps lines again, after rules, payees or rates have changed: unmapped money, and open months of changed rules.

Each portion is a transaction of its own, so the worker goes on in between, and an interrupted remap can be repeated.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec
from psycopg import Connection

from postledger.finance.approval.request_store import OnRequests
from postledger.finance.approval.requests import write_lines
from postledger.finance.books import Books, load_books, reread_locked
from postledger.finance.difference import Difference
from postledger.finance.line_store import Completed, record_batch
from postledger.finance.lines import Conversion
from postledger.finance.mapping import KnownRules, complete, describe
from postledger.ledger.dispatch import hold_dispatch
from postledger.platform.postgres.connection import read_clock
from postledger.platform.postgres.sql import statements_of
from postledger.vocabulary.operator_error import NotPossible
from postledger.vocabulary.statuses import Status

sql = statements_of("postledger.finance")

PORTION_CONVERSIONS = 1000
_TURN_OF_WORKER_S = 0.25  # a worker that stands by tries again every 200 ms

OnProgress = Callable[[float, float | None], None]


class _Cause(msgspec.Struct, frozen=True):
    """Why lines are mapped again: the id and the actor of the command, and what notes the requests that follow."""

    task_id: str
    actor: str
    on_requests: OnRequests


def preview_remap(connection: Connection[Any], on_progress: OnProgress) -> Difference:
    """Return what a remap would add. Nothing is written. Raises `NotPossible`."""
    books, difference = open_books(connection), Difference()
    rules = KnownRules()
    for keys in _list_portions(_find_keys(connection, books), on_progress):
        difference.add(complete(connection, read_conversions(connection, keys, "", books), books, rules, remaps=True))
    return difference


def remap(
    connection: Connection[Any], task_id: str, on_progress: OnProgress, *, actor: str, on_requests: OnRequests
) -> Difference:
    """Map again, and return what was added. `task_id` is the cause of the lines. Raises `NotPossible`.

    `actor` asks for it, and so decides none of the requests that follow.
    """
    books, difference = open_books(connection), Difference()
    cause = _Cause(task_id, actor, on_requests)
    rules = KnownRules()
    for keys in _list_portions(_find_keys(connection, books), on_progress):
        difference.add(_remap_portion(connection, keys, books, rules, cause))
        let_worker_in(connection)
    return difference


def open_books(connection: Connection[Any]) -> Books:
    """Load the books. Raises `NotPossible` if there are none."""
    books = load_books(connection)
    if books is None:
        raise NotPossible("there are no books; add [finance] to the configuration and run: postledger apply FILE")
    return books


def read_conversions(
    connection: Connection[Any], dedup_keys: Sequence[str], cause: str, books: Books
) -> list[tuple[str, Conversion]]:
    """Read conversions as they stand, each with the cause of its next lines."""
    rows = connection.execute(sql("read_conversions"), (list(dedup_keys),)).fetchall()
    return [(cause, read_conversion(books, *row)) for row in rows]


def read_conversion(books: Books, *row: Any) -> Conversion:
    """Make a conversion from the columns of `read_conversions.sql`."""
    *ids, status, payout, currency, happened_at, source, event, campaign, affiliate = row
    facts = describe(source, event, campaign, affiliate, books)
    values: list[Any] = [*ids, Status(status), payout, currency, happened_at, facts]
    return Conversion(*values)


def let_worker_in(connection: Connection[Any]) -> None:
    """Pause if changes wait for a worker, which tries again only from time to time. Call it after the commit."""
    if connection.execute(sql("outbox_waits")).fetchone() == (True,):
        time.sleep(_TURN_OF_WORKER_S)


def _find_keys(connection: Connection[Any], books: Books) -> list[str]:
    values = {"rules_version": books.rules_version, "locked": list(books.locked_periods)}
    return [key for (key,) in connection.execute(sql("find_remappable"), values)]


def _list_portions(keys: Sequence[str], on_progress: OnProgress) -> Iterator[Sequence[str]]:
    for start in range(0, len(keys), PORTION_CONVERSIONS):
        yield keys[start : start + PORTION_CONVERSIONS]
        on_progress(min(start + PORTION_CONVERSIONS, len(keys)), len(keys))


def _remap_portion(
    connection: Connection[Any], conversions: Sequence[str], books: Books, rules: KnownRules, cause: _Cause
) -> list[Completed]:
    with connection.transaction():
        hold_dispatch(connection)
        books = reread_locked(connection, books)
        known = read_conversions(connection, conversions, cause.task_id, books)
        completed = complete(connection, known, books, rules, remaps=True)
        now = read_clock(connection)
        digest = write_lines(connection, completed, books, now, on_requests=cause.on_requests, actor=cause.actor)
        record_batch(connection, digest, now)
    return completed

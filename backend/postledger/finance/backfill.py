"""Hands conversions from before the start of the books to the worker, from new to old, and moves the start back.

Each portion is a transaction of its own: an interrupted backfill goes on where it stopped when it is repeated.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

import msgspec
from psycopg import Connection

from postledger.finance.books import Books
from postledger.finance.difference import Difference
from postledger.finance.mapping import KnownRules, complete
from postledger.finance.remap import open_books, read_conversions
from postledger.platform.postgres.connection import read_clock
from postledger.platform.postgres.sql import statements_of
from postledger.vocabulary.selftest import SELFTEST

sql = statements_of("postledger.finance")

PORTION_CONVERSIONS = 1000

OnProgress = Callable[[float, float | None], None]
Opened = tuple[str, datetime]
"""The dedup key of a conversion, and when it was opened."""


class Backfilled(msgspec.Struct, frozen=True):
    """How many conversions were handed over, and the start of the books afterwards."""

    conversions: int
    since: datetime


def preview_backfill(connection: Connection[Any], since: datetime, on_progress: OnProgress) -> Difference:
    """Return what the lines of earlier conversions would add up to. Nothing is written. Raises `NotPossible`."""
    books, difference, rules, done = open_books(connection), Difference(), KnownRules(), 0
    total = _count(connection, since, books)
    for portion in _list_portions(_find(connection, since, books), PORTION_CONVERSIONS):
        conversions = read_conversions(connection, [key for key, _ in portion], "", books)
        difference.add(complete(connection, conversions, books, rules))
        done += len(portion)
        on_progress(done, total)
    return difference


def backfill(
    connection: Connection[Any], since: datetime, task_id: str, rate: int, on_progress: OnProgress
) -> Backfilled:
    """Hand over all conversions that were opened since then, at most `rate` per second. Raises `NotPossible`."""
    books, done = open_books(connection), 0
    total = _count(connection, since, books)
    for portion in _list_portions(_find(connection, since, books), min(rate, PORTION_CONVERSIONS)):
        started_s = time.monotonic()
        _hand_over(connection, portion, task_id, since)
        done += len(portion)
        on_progress(done, total)
        if done < total:
            time.sleep(max(0.0, len(portion) / rate - (time.monotonic() - started_s)))
    _move_start(connection, since, read_clock(connection))
    return Backfilled(done, min(since, books.since))


def _count(connection: Connection[Any], since: datetime, books: Books) -> int:
    row = connection.execute(sql("count_earlier"), _bounds(since, books)).fetchone()
    return 0 if row is None else int(row[0])


def _bounds(since: datetime, books: Books) -> dict[str, object]:
    return {"since": since, "until": books.since, "selftest": SELFTEST}


def _find(connection: Connection[Any], since: datetime, books: Books) -> Iterator[Opened]:
    # `withhold` keeps the list on the server beyond each commit, so that the table is searched and sorted once.
    with connection.cursor(name="earlier", withhold=True) as cursor:
        cursor.itersize = PORTION_CONVERSIONS
        cursor.execute(sql("find_earlier"), _bounds(since, books))
        yield from cursor


def _list_portions(opened: Iterable[Opened], size: int) -> Iterator[list[Opened]]:
    """Cut a list into portions. Conversions of one moment stay together, because the start moves to that moment."""
    portion: list[Opened] = []
    for _, of_one_moment in groupby(opened, itemgetter(1)):
        portion += of_one_moment
        if len(portion) >= size:
            yield portion
            portion = []
    if portion:
        yield portion


def _hand_over(connection: Connection[Any], portion: Sequence[Opened], task_id: str, since: datetime) -> None:
    with connection.transaction():
        now = read_clock(connection)
        values = {"now": now, "receipt": task_id, "dedup_keys": [key for key, _ in portion]}
        connection.execute(sql("hand_over"), values)
        _move_start(connection, max(since, portion[-1][1]), now)


def _move_start(connection: Connection[Any], since: datetime, now: datetime) -> None:
    connection.execute(sql("move_start"), {"since": since, "now": now})

"""A group commit of numbers into a table of their own, for tests of the writer."""

from collections.abc import Callable, Sequence
from typing import Any

import gevent
import psycopg
from psycopg import Connection

from postledger.ledger.group_commit import GroupCommit, RowRejected
from postledger.platform.postgres.connection import connect
from postledger.platform.server.gevent_connection import GreenletConnection
from postledger.vocabulary.refusal import Refused
from tests.parts.databases import fetch
from tests.parts.waiting import HANGS_AFTER_S

Commit = GroupCommit[int, int]
Write = Callable[[Connection[Any], Sequence[int]], Sequence[int]]
NAME = "test"
"""The sessions of the writer are called `postledger-test`."""


def make_table(url: str) -> None:
    """Make the table of numbers, which refuses 13."""
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE numbers (number integer PRIMARY KEY CHECK (number <> 13))")


def make_commit(url: str, write: Write, **options: Any) -> Commit:
    """Start a writer over that database; `options` replace those of `GroupCommit`, and `connect`."""

    def open_connection() -> Connection[Any]:
        return connect(url, name=NAME, statement_timeout_ms=60_000, kind=GreenletConnection)

    defaults = {
        "connect": open_connection,
        "check": lambda connection: None,
        "queue_limit": 100,
        "flush_rows": 10,
        "observe_flush": lambda rows, seconds: None,
        "note_waiting": lambda waiting: None,
        "count_failure": lambda cause: None,
        "note_failing": lambda is_failing: None,
        "end_process": lambda: None,
    }
    return GroupCommit(write=write, **{**defaults, **options})


def insert(connection: Connection[Any], numbers: Sequence[int]) -> Sequence[int]:
    """Store numbers in one transaction; the result of each is its double."""
    with connection.transaction():
        for number in numbers:
            connection.execute("INSERT INTO numbers VALUES (%s) ON CONFLICT DO NOTHING", (number,))
    return [number * 2 for number in numbers]


def stored(url: str) -> list[int]:
    """The numbers in the table."""
    return [number for (number,) in fetch(url, "SELECT number FROM numbers ORDER BY number")]


def submit_all(commit: Commit, numbers: Sequence[int]) -> list[int | Exception]:
    """Submit all at once, and return the result or the exception of each."""

    def submit(number: int) -> int | Exception:
        try:
            return commit.submit(number)
        except (Refused, RowRejected) as error:
            return error

    greenlets = [gevent.spawn(submit, number) for number in numbers]
    gevent.joinall(greenlets, timeout=HANGS_AFTER_S)
    return [greenlet.get(block=False) for greenlet in greenlets]


def wait_for(claim: Callable[[], bool]) -> None:
    """Wait for a condition that other greenlets of this thread bring about."""
    with gevent.Timeout(HANGS_AFTER_S):
        while not claim():
            gevent.sleep(0.01)

"""Runs of `reconcile`: one at a time for a source or an account, and a month. Each leaves a record."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import date, datetime
from typing import Any, Literal
from uuid import uuid4

import msgspec
from psycopg import Connection, Error
from psycopg.types.json import Jsonb

from postledger.people.audit_chain import append, write_body
from postledger.platform.postgres.connection import read_clock
from postledger.platform.postgres.sql import statements_of
from postledger.vocabulary.operator_error import NotPossible

sql = statements_of("postledger.reconciliation")

Kind = Literal["report", "bank"]
Scope = int | str
"""The id of a source, or the slug of a bank account."""
Counts = Sequence[Mapping[str, Any]]
"""What a run found: one mapping for each class and currency, of values that JSON has. Amounts are texts."""


class Run(msgspec.Struct, frozen=True):
    """A run: of a report, whose source it names, or of a bank account. `as_of`: the ledger as it was then."""

    id: str
    kind: Kind
    source_id: int | None
    account: str | None
    period: date
    as_of: datetime
    statement_id: str | None = None

    @property
    def scope(self) -> Scope:
        """The source or the account."""
        scope = self.source_id if self.kind == "report" else self.account
        assert scope is not None, "a check of the table"
        return scope


def begin_run(
    connection: Connection[Any],
    kind: Kind,
    scope: Scope,
    period: date,
    *,
    as_of: datetime,
    actor: str,
    now: datetime,
    statement_id: str | None = None,
) -> Run:
    """Begin a run. The session keeps its lock until `finish_run` or `fail_run`, or until the session ends.

    Raises `NotPossible` at once if another one runs for the same scope and month.
    """
    source_id, account = (scope, None) if isinstance(scope, int) else (None, scope)
    run = Run(str(uuid4()), kind, source_id, account, period, as_of, statement_id)
    values = msgspec.structs.asdict(run) | {"now": now, "actor": actor}
    if connection.execute(sql("try_run_lock"), (_lock_name(run),)).fetchone() == (False,):
        raise NotPossible(_say_who_runs(connection, run, values))
    connection.execute(sql("fail_dead_runs"), values)
    connection.execute(sql("insert_run"), values)
    return run


def finish_run(connection: Connection[Any], run: Run, counts: Counts, now: datetime) -> None:
    """Record what a run has found, and release its lock."""
    with connection.transaction():
        values = {"id": run.id, "counts": Jsonb(list(counts)), "now": now}
        row = connection.execute(sql("finish_run"), values).fetchone()
        assert row is not None, "the run has its lock, so it is running"
        body = write_body(kind=run.kind, scope=str(run.scope), period=str(run.period), as_of=run.as_of)
        append(connection, row[0], "reconcile", run.id, body=body, at=now)
    connection.execute(sql("release_run_lock"), (_lock_name(run),))


def fail_run(connection: Connection[Any], run: Run, fault: str, now: datetime) -> None:
    """Record that a run has failed, and release its lock. `fault` is a word or the name of an error, never a value."""
    connection.execute(sql("fail_run"), {"id": run.id, "fault": fault, "now": now})
    connection.execute(sql("release_run_lock"), (_lock_name(run),))


@contextmanager
def recorded_failure(connection: Connection[Any], run: Run) -> Iterator[None]:
    """Record the run as failed if the block raises. Without a connection the next run of the scope records it."""
    try:
        yield
    except BaseException as error:
        with suppress(Error):
            fail_run(connection, run, type(error).__name__, read_clock(connection))
        raise


def _lock_name(run: Run) -> str:
    return f"reconcile:{run.kind}:{run.scope}:{run.period}"


def _say_who_runs(connection: Connection[Any], run: Run, values: Mapping[str, Any]) -> str:
    row = connection.execute(sql("find_running"), values).fetchone()
    who = "" if row is None else f", started by {row[0]} at {row[1]:%Y-%m-%d %H:%M:%S} UTC"
    return f"{run.period:%Y-%m} is being reconciled by another run{who}; wait until it has ended"

"""At most one reconciliation runs for a scope and a month, and each leaves a record."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from typing import Any

import pytest
from psycopg import Connection

from postledger.platform.postgres.connection import connect
from postledger.reconciliation.runs import Kind, Run, Scope, begin_run, fail_run, finish_run, recorded_failure
from postledger.vocabulary.operator_error import NotPossible
from tests.parts.databases import fetch
from tests.parts.waiting import wait_until

NOW = datetime(2026, 11, 3, 8, 15, tzinfo=UTC)
OCTOBER = date(2026, 10, 1)
_HAS_ENDED = "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = %s)"


@pytest.fixture
def session(database: str) -> Iterator[Connection[Any]]:
    """A session of the ledger."""
    with closing(connect(database, name="test", statement_timeout_ms=60_000)) as connection:
        yield connection


@pytest.fixture
def other(database: str) -> Iterator[Connection[Any]]:
    """Another session of the same ledger."""
    with closing(connect(database, name="test", statement_timeout_ms=60_000)) as connection:
        yield connection


def begin(connection: Connection[Any], scope: Scope = 7, period: date = OCTOBER, actor: str = "anna") -> Run:
    kind: Kind = "report" if isinstance(scope, int) else "bank"
    return begin_run(connection, kind, scope, period, as_of=NOW, actor=actor, now=NOW)


def test_a_second_run_is_refused_at_once(session: Connection[Any], other: Connection[Any]) -> None:
    begin(session)

    with pytest.raises(NotPossible, match=r"2026-10 is being reconciled .* by anna at 2026-11-03 08:15:00 UTC"):
        begin(other, actor="ben")


def test_other_scopes_and_months_run_beside_it(session: Connection[Any], other: Connection[Any]) -> None:
    begin(session)

    assert begin(other, 8).source_id == 8
    assert begin(other, "main").account == "main"
    assert begin(other, period=date(2026, 9, 1)).period == date(2026, 9, 1)


@pytest.mark.parametrize("end", ["done", "failed"])
def test_a_run_that_has_ended_is_on_record(
    session: Connection[Any], other: Connection[Any], database: str, end: str
) -> None:
    run = begin(session)

    if end == "done":
        finish_run(session, run, [{"class": "matched", "currency": "USD", "number": 3, "stake": "0"}], NOW)
    else:
        fail_run(session, run, "DiskFull", NOW)

    begin(other)
    state, counts, fault, ended = fetch(
        database, "SELECT state, counts, fault, ended_at FROM reconciliations WHERE id = %s", (run.id,)
    )[0]
    assert (state, ended) == (end, NOW)
    assert (counts, fault) == (
        ([{"class": "matched", "currency": "USD", "number": 3, "stake": "0"}], None)
        if end == "done"
        else (None, "DiskFull")
    )


def test_a_run_of_a_dead_session_is_failed_by_the_next(session: Connection[Any], other: Connection[Any]) -> None:
    dead = begin(session)
    pid = session.info.backend_pid
    session.close()
    wait_until(lambda: other.execute(_HAS_ENDED, (pid,)).fetchone() == (True,), what="the end of the session")

    begin(other)

    assert other.execute("SELECT state, fault FROM reconciliations WHERE id = %s", (dead.id,)).fetchone() == (
        "failed", "interrupted"
    )  # fmt: skip


def test_what_a_run_raises_is_recorded_by_its_name(session: Connection[Any], other: Connection[Any]) -> None:
    run = begin(session)

    with pytest.raises(ValueError, match=r"12\.34"), recorded_failure(session, run):
        raise ValueError("12.34")

    begin(other)
    assert other.execute("SELECT fault FROM reconciliations WHERE id = %s", (run.id,)).fetchone() == ("ValueError",)


def test_a_run_is_an_entry_of_the_audit_chain(session: Connection[Any]) -> None:
    run = begin(session)

    finish_run(session, run, [], NOW)

    assert session.execute("SELECT actor, action FROM audit_log WHERE subject = %s", (run.id,)).fetchone() == (
        "anna", "reconcile"
    )  # fmt: skip

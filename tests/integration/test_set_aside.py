"""A change that cannot be handed over is set aside, so that it holds up no other, until an operator puts it back."""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from postledger.ledger.dispatch import Dispatcher
from postledger.ledger.narrowing import ATTEMPTS
from postledger.ledger.outbox import Change
from postledger.ledger.set_aside import MOST_SET_ASIDE, find_oldest, list_set_aside, set_aside
from postledger.ledger.writer import write_entries
from postledger.platform.postgres.connection import connect
from tests.parts.cli import CommandLine
from tests.parts.databases import fetch
from tests.parts.entries import entry_of

CHANGES = 30
UNKNOWN = "019ace3c-6c00-7a51-8c52-2f0d3a6f0e11"


class Fault(Exception):
    """A bug of ours."""


class Deliverer:
    """Notes the transactions of what was handed over. Some of them raise an error, after they were noted."""

    def __init__(self, connection: Connection[Any]) -> None:
        connection.execute("CREATE TABLE delivered (transaction_id text)")
        self.faults: dict[str, Exception] = {}

    def __call__(self, connection: Connection[Any], changes: Sequence[Change], _now: datetime) -> None:
        """Deliver changes."""
        for change in changes:
            connection.execute("INSERT INTO delivered VALUES (%s)", (change.transaction_id,))
            if fault := self.faults.get(str(change.transaction_id)):
                raise fault


@pytest.fixture
def ledger(database: str) -> Iterator[Connection[Any]]:
    """A session of a ledger in which changes wait."""
    with connect(database, name="test", statement_timeout_ms=60_000) as connection:
        add(connection, range(CHANGES))
        yield connection


@pytest.fixture
def deliverer(ledger: Connection[Any]) -> Deliverer:
    return Deliverer(ledger)


@pytest.fixture
def dispatcher(deliverer: Deliverer) -> Dispatcher:
    return Dispatcher([deliverer])


def add(ledger: Connection[Any], numbers: Sequence[int]) -> None:
    """Book conversions, each with its change in the outbox, in the order of their numbers."""
    write_entries(ledger, [entry_of(transaction_id=f"T{number}") for number in numbers])
    ledger.execute(
        "UPDATE outbox SET received_at = received_at + substr(transaction_id, 2)::integer * interval '1 us'"
        " FROM conversions WHERE conversions.dedup_key = outbox.dedup_key"
    )


def work(dispatcher: Dispatcher, ledger: Connection[Any]) -> list[str]:
    """Dispatch until nothing waits. Returns the types of what was raised on the way."""
    raised = []
    while fetch_count(ledger, "outbox"):
        try:
            dispatcher.dispatch(ledger)
        except (Fault, psycopg.Error) as error:
            raised.append(type(error).__name__)
    return raised


def fetch_count(ledger: Connection[Any], table: str) -> int:
    row = ledger.execute(f"SELECT count(*)::integer FROM {table}".encode()).fetchone()
    assert row is not None
    return int(row[0])


def list_delivered(ledger: Connection[Any]) -> list[str]:
    return [name for (name,) in ledger.execute("SELECT transaction_id FROM delivered")]


def test_one_that_fails_holds_up_no_other(
    ledger: Connection[Any], dispatcher: Dispatcher, deliverer: Deliverer, caplog: pytest.LogCaptureFixture
) -> None:
    deliverer.faults = {"T7": Fault("12.34")}

    raised = work(dispatcher, ledger)

    assert raised == ["Fault"] * (ATTEMPTS - 1)
    assert sorted(list_delivered(ledger)) == sorted(f"T{number}" for number in range(CHANGES) if number != 7)
    (row,) = list_set_aside(ledger)
    assert (row["transaction_id"], row["kind"], row["revision"]) == ("T7", "opened", 1)
    assert row["fault"].startswith("Fault at __call__:")
    (said,) = [record for record in caplog.records if record.getMessage() == "set a change aside"]
    assert said.fields["receipt"] == row["receipt"]  # type: ignore[attr-defined]
    assert "12.34" not in row["fault"] + json.dumps(said.fields)  # type: ignore[attr-defined]


def test_what_postgres_refuses_is_set_aside_too(
    ledger: Connection[Any], dispatcher: Dispatcher, deliverer: Deliverer
) -> None:
    ledger.execute("ALTER TABLE delivered ADD CHECK (transaction_id NOT IN ('T0', 'T29'))")

    work(dispatcher, ledger)

    assert [row["transaction_id"] for row in list_set_aside(ledger)] == ["T0", "T29"]
    assert len(list_delivered(ledger)) == CHANGES - 2


@pytest.mark.parametrize(
    "error", [psycopg.errors.DiskFull(), psycopg.errors.LockNotAvailable(), OSError(), MemoryError()]
)
def test_what_is_no_fault_of_the_change_sets_none_aside(
    ledger: Connection[Any], dispatcher: Dispatcher, deliverer: Deliverer, error: Exception
) -> None:
    deliverer.faults = {"T7": error}

    for _ in range(2 * ATTEMPTS):
        with pytest.raises(type(error)):
            dispatcher.dispatch(ledger)

    assert (fetch_count(ledger, "outbox"), list_set_aside(ledger), list_delivered(ledger)) == (CHANGES, [], [])


def test_a_fault_that_passes_sets_none_aside(
    ledger: Connection[Any], dispatcher: Dispatcher, deliverer: Deliverer
) -> None:
    deliverer.faults = {"T0": Fault()}
    with pytest.raises(Fault):
        dispatcher.dispatch(ledger)

    deliverer.faults = {}
    batches = [len(dispatcher.dispatch(ledger) or ()) for _ in range(CHANGES)]

    assert (sum(batches), list_set_aside(ledger)) == (CHANGES, [])
    assert batches[-1] == 0


def test_whole_batches_are_taken_again_after_one_was_set_aside(
    ledger: Connection[Any], dispatcher: Dispatcher, deliverer: Deliverer
) -> None:
    deliverer.faults = {"T7": Fault()}
    work(dispatcher, ledger)
    add(ledger, range(100, 160))

    assert len(dispatcher.dispatch(ledger) or ()) == 60


def test_if_everything_fails_the_outbox_waits_as_a_whole(
    ledger: Connection[Any], dispatcher: Dispatcher, deliverer: Deliverer
) -> None:
    add_set_aside(ledger, MOST_SET_ASIDE)
    deliverer.faults = {"T7": Fault()}

    raised = 0
    for _ in range(100):
        try:
            dispatcher.dispatch(ledger)
        except Fault:
            raised += 1

    assert raised > ATTEMPTS
    assert fetch_count(ledger, "outbox") == CHANGES - 7
    assert fetch_count(ledger, "set_aside_changes") == MOST_SET_ASIDE


def add_set_aside(ledger: Connection[Any], number: int) -> None:
    ledger.execute(
        "INSERT INTO set_aside_changes SELECT now(), gen_random_uuid(), gen_random_uuid(), 1, 'opened', 'x', now()"
        " FROM generate_series(1, %s)",
        (number,),
    )


def test_another_worker_is_not_disturbed(
    ledger: Connection[Any], dispatcher: Dispatcher, deliverer: Deliverer, database: str
) -> None:
    deliverer.faults = {"T0": Fault()}
    with pytest.raises(Fault):
        dispatcher.dispatch(ledger)  # one change at a time from now on
    with connect(database, name="test", statement_timeout_ms=60_000) as other, other.transaction():
        other.execute("SELECT pg_advisory_xact_lock(x'6F7574626F78'::bigint)")

        assert dispatcher.dispatch(ledger) is None

    assert list_set_aside(ledger) == []


@pytest.fixture
def receipts(ledger: Connection[Any]) -> list[str]:
    """Set the two oldest changes aside, and return their receipts."""
    found = []
    for _ in range(2):
        place = find_oldest(ledger)
        assert place is not None
        assert set_aside(ledger, place, "ValueError at map:7", datetime(2026, 11, 3, 8, 15, tzinfo=UTC))
        found.append(place.receipt)
    return found


def test_they_are_listed(cli: CommandLine, receipts: list[str]) -> None:
    rows = cli("changes", "list", "--json").facts

    assert [row["receipt"] for row in rows] == receipts
    assert set(rows[0]) == {
        "receipt", "received_at", "set_aside_at", "source", "event", "transaction_id", "conversion_id", "kind",
        "revision", "fault",
    }  # fmt: skip
    table = cli("changes", "list", "--wide").out
    assert all(text in table for text in (receipts[0], "ValueError at map:7", "2026-11-03 08:15:00Z", "opened"))


def test_one_is_put_back_into_its_place(cli: CommandLine, receipts: list[str], ledger: Connection[Any]) -> None:
    ran = cli("changes", "retry", f" {receipts[0].upper()}")

    assert (ran.code, ran.out) == (0, "1 change put back\n")
    oldest = find_oldest(ledger)
    assert oldest is not None
    assert oldest.receipt == receipts[0]
    assert [row["receipt"] for row in list_set_aside(ledger)] == receipts[1:]
    assert fetch_count(ledger, "outbox") == CHANGES - 1


def test_all_are_put_back_and_it_is_on_record(cli: CommandLine, receipts: list[str], database: str) -> None:
    assert cli("changes", "retry", "--all", "--json").facts == {"changes": len(receipts)}

    assert fetch(database, "SELECT (SELECT count(*) FROM outbox), (SELECT count(*) FROM set_aside_changes)") == [
        (CHANGES, 0)
    ]
    assert fetch(database, "SELECT subject FROM audit_log WHERE action = 'changes.retry'") == [("all",)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "name receipts, from postledger changes list, or write --all"),
        (("T1",), "t1 is not a receipt; run: postledger changes list"),
        (
            (UNKNOWN,),
            f"no change of {UNKNOWN} is set aside; nothing was changed; run: postledger changes list",
        ),
    ],
)
def test_what_is_not_set_aside_is_refused(
    cli: CommandLine, receipts: list[str], ledger: Connection[Any], arguments: tuple[str, ...], message: str
) -> None:
    ran = cli("changes", "retry", *(receipts[:1] if arguments and arguments[0] != "T1" else ()), *arguments)

    assert (ran.code, ran.err) == (1, f"postledger: {message}\n")
    assert len(list_set_aside(ledger)) == len(receipts)

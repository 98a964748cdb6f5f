"""Requests without a matching secret: what is stored of them, within the byte budget of all workers and of each day."""

import hashlib
import secrets
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import Any

import pytest
from msgspec.structs import replace
from psycopg import Connection

from postledger.ledger.byte_leases import ByteLeases, cost_of
from postledger.ledger.entry import Entry, Outcome, Unrecorded
from postledger.ledger.rules.byte_budget import Limits
from postledger.ledger.rules.raw_beginning import measure
from postledger.ledger.writer import write_entries
from postledger.platform.postgres.connection import connect
from postledger.vocabulary.refusal import Reason, Refusal
from tests.parts.entries import entry_of, new_receipt, refused_entry
from tests.parts.sources import add_click

LIMITS = Limits(80_000)
NOON = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
MIDNIGHT = NOON + timedelta(hours=12)
FORGED = replace(refused_entry(), source_id=1, received_at=NOON)


@pytest.fixture
def ledger(database: str) -> Iterator[Connection[Any]]:
    with connect(database, name="test", statement_timeout_ms=60_000) as connection:
        yield connection


class Worker:
    """A writer with a budget, as one backend worker has it."""

    def __init__(self, connection: Connection[Any], limits: Limits = LIMITS) -> None:
        self.counted_bytes = 0
        self.budget = ByteLeases(limits, self._count)
        self._connection = connection

    def _count(self, number: int) -> None:
        self.counted_bytes += number

    def write(self, entries: Sequence[Entry]) -> list[Outcome]:
        return write_entries(self._connection, entries, self.budget)

    def flood(self, count: int, batch: int = 10, **changes: Any) -> int:
        """Write so many forgeries, and return how many of them have a row."""
        outcomes = []
        for _ in range(count // batch):
            outcomes += self.write([again(FORGED, **changes) for _ in range(batch)])
        return sum(outcome.unrecorded is None for outcome in outcomes)


def again(entry: Entry, **changes: Any) -> Entry:
    """The entry under a new receipt, on the day of the test."""
    return replace(entry, receipt=new_receipt(), **{"received_at": NOON, **changes})


def stored(ledger: Connection[Any], columns: str) -> list[tuple[Any, ...]]:
    return ledger.execute(f"SELECT {columns} FROM postbacks ORDER BY id".encode()).fetchall()


def leased(ledger: Connection[Any]) -> dict[int, int]:
    return dict(ledger.execute("SELECT source_id, sum(bytes)::bigint FROM unauthenticated_bytes GROUP BY 1").fetchall())


def test_beyond_the_budget_only_counters_move(ledger: Connection[Any]) -> None:
    worker = Worker(ledger)

    recorded = worker.flood(100)

    assert recorded == len(stored(ledger, "id"))
    assert 0 < recorded * cost_of(FORGED) == worker.counted_bytes <= LIMITS.of_source
    assert worker.budget.is_spent(FORGED)
    assert leased(ledger) == {1: LIMITS.of_source}


def test_several_workers_share_one_budget(ledger: Connection[Any], database: str) -> None:
    recorded: list[int] = []

    def work() -> None:
        with connect(database, name="test", statement_timeout_ms=60_000) as connection:
            recorded.append(Worker(connection).flood(100))

    workers = [Thread(target=work) for _ in range(4)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()

    assert len(recorded) == 4
    assert 0 < sum(recorded) * cost_of(FORGED) <= LIMITS.of_source
    assert len(stored(ledger, "id")) == sum(recorded)


def test_a_restart_gives_no_new_budget(ledger: Connection[Any]) -> None:
    recorded = sum(Worker(ledger).flood(10) for _ in range(100))

    assert recorded * cost_of(FORGED) <= LIMITS.of_source


def test_unknown_sources_share_a_budget_of_one_source(ledger: Connection[Any]) -> None:
    worker = Worker(ledger)

    recorded = worker.flood(100) + worker.flood(100, source_id=None)

    assert recorded * cost_of(FORGED) <= 2 * LIMITS.of_source
    assert leased(ledger) == {0: LIMITS.of_source, 1: LIMITS.of_source}


def test_a_new_day_has_a_new_budget(ledger: Connection[Any]) -> None:
    worker = Worker(ledger)
    today = worker.flood(100)

    before = worker.flood(10, received_at=MIDNIGHT - timedelta(microseconds=1))
    after = worker.flood(100, received_at=MIDNIGHT)

    assert (before, after) == (0, today)


def test_old_days_are_forgotten(ledger: Connection[Any]) -> None:
    ledger.execute("INSERT INTO unauthenticated_bytes VALUES (%s, 1, 5)", (NOON.date() - timedelta(days=30),))

    Worker(ledger).flood(10)

    assert ledger.execute("SELECT DISTINCT day FROM unauthenticated_bytes").fetchall() == [(NOON.date(),)]


def test_a_postback_with_a_secret_costs_no_budget(ledger: Connection[Any]) -> None:
    worker = Worker(ledger)

    worker.write([replace(entry_of(), secret_id=7), again(FORGED, secret_id=7)])

    assert (leased(ledger), worker.counted_bytes) == ({}, 0)


def test_an_accepted_postback_of_an_open_source_is_booked_beyond_the_budget(ledger: Connection[Any]) -> None:
    worker = Worker(ledger)
    worker.flood(100)
    before = len(stored(ledger, "id"))

    outcomes = worker.write([again(entry_of(transaction_id=f"T{number}")) for number in range(20)])

    assert {outcome.unrecorded for outcome in outcomes} == {None}
    assert len(stored(ledger, "id")) == before + 20
    assert leased(ledger) == {1: LIMITS.of_source}


def test_accepted_postbacks_of_an_open_source_spend_nothing(ledger: Connection[Any]) -> None:
    worker = Worker(ledger)

    for number in range(100):
        worker.write([again(entry_of(transaction_id=f"T{number}"))])

    assert worker.counted_bytes == 0
    assert worker.flood(10) == 10


@pytest.mark.parametrize("reason", ["unknown_click", "conflict"])
def test_what_the_ledger_refuses_of_an_open_source_is_charged(ledger: Connection[Any], reason: str) -> None:
    worker = Worker(ledger)
    worker.write([again(entry_of(transaction_id="T1", payout="1"))])
    refused = (
        entry_of(click_id="C-none", click_check="required")
        if reason == "unknown_click"
        else entry_of(transaction_id="T1", payout="2")
    )

    outcomes = [outcome for _ in range(100) for outcome in worker.write([again(refused)])]

    assert {outcome.refusal.reason.value for outcome in outcomes if outcome.refusal} == {reason}
    rows = ledger.execute("SELECT count(*) FROM postbacks WHERE verdict = 'refused'").fetchone()
    recorded = [outcome for outcome in outcomes if outcome.unrecorded is None]
    assert rows == (len(recorded),)
    assert 0 < len(recorded) * cost_of(refused) <= LIMITS.of_source
    assert {outcome.unrecorded for outcome in outcomes} == {None, Unrecorded.BUDGET}


@pytest.mark.parametrize(
    ("entry", "is_cut"),
    [
        (refused_entry(), True),
        (replace(refused_entry(), secret_id=7), False),
        (entry_of(click_id="C-none", click_check="required"), True),
        (entry_of(click_id="known", click_check="required"), False),
        (replace(entry_of(click_id="C-none", click_check="required"), secret_id=7), False),
    ],
)
def test_an_unproved_refusal_stores_only_the_beginning(
    ledger: Connection[Any], database: str, entry: Entry, is_cut: bool
) -> None:
    add_click(database, "known", 1, None)
    raw = b'{"click_id":"none","note":"' + b"x" * 60_000 + b'"}'

    write_entries(ledger, [replace(entry, raw=raw)])

    whole = (len(raw), hashlib.sha256(raw).digest())
    expected = (b'{"click_id":"none",', *whole) if is_cut else (raw, None, None)
    assert stored(ledger, "raw, raw_length, raw_sha256") == [expected]


def test_a_repeat_that_is_refused_stores_only_the_beginning(ledger: Connection[Any]) -> None:
    raw = b"a=1&b=" + b"x" * 2000
    write_entries(ledger, [entry_of(transaction_id="T1", payout="1")])

    write_entries(ledger, [replace(entry_of(transaction_id="T1", payout=payout), raw=raw) for payout in ("1", "2")])

    rows = ledger.execute("SELECT verdict, raw, raw_length FROM postbacks ORDER BY verdict").fetchall()
    assert rows[1:] == [("duplicate", raw, None), ("refused", b"a=1", len(raw))]


@pytest.mark.parametrize(("raw_bytes", "id_bytes"), [(0, 0), (1024, 0), (0, 200)])
def test_a_row_takes_no_more_than_it_costs(ledger: Connection[Any], raw_bytes: int, id_bytes: int) -> None:
    """Its index entries included, so that rows with little content are bounded too."""
    forged = replace(FORGED, refusal=Refusal(Reason.UNSUPPORTED_MEDIA_TYPE, "affiliate_id"), raw=b"x" * raw_bytes)
    forged = replace(forged, whole=measure(forged.raw))
    address = "2001:db8:1:2:3:4:5:6"
    entries = [
        again(forged, source_address=address, click_id=make_id(id_bytes), transaction_id=make_id(id_bytes))
        for _ in range(3000)
    ]

    write_entries(ledger, entries)

    (taken,) = ledger.execute("SELECT pg_total_relation_size(tableoid) FROM postbacks LIMIT 1").fetchall()[0]
    assert taken <= sum(map(cost_of, entries)), (taken / 3000, cost_of(entries[0]))


def make_id(length: int) -> str | None:
    return secrets.token_hex(length // 2) or None

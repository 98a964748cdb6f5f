"""The history of a conversion: each state that it ever had can be rebuilt, and each change is handed over once."""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from psycopg import Connection

from postledger.ledger.entry import Entry, Outcome
from postledger.ledger.outbox import State, take_changes
from postledger.ledger.rules.status_rules import Rules
from postledger.ledger.writer import write_entries
from postledger.platform.postgres.connection import connect
from postledger.vocabulary.statuses import Status
from tests.parts.cli import CommandLine
from tests.parts.documents import ROOT
from tests.parts.entries import entry_of, new_receipt, same_again
from tests.parts.outbox_guard import guard_outbox
from tests.parts.sources import add_source

CORRECT = Rules(duplicates="correct")
REAPPROVE = Rules(may_reapprove=True)
NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
HANDED_OVER = "SELECT revision, kind FROM outbox ORDER BY received_at, dedup_key, receipt"


@pytest.fixture
def ledger(database: str) -> Iterator[Connection[Any]]:
    guard_outbox(database)
    with connect(database, name="test", statement_timeout_ms=60_000) as connection:
        yield connection


def rows(ledger: Connection[Any], statement: str, *values: object) -> list[tuple[Any, ...]]:
    return ledger.execute(statement.encode(), values or None).fetchall()


def sale(status: str = "approved", payout: str | None = "10", rules: Rules = CORRECT, **fields: str) -> Entry:
    money = {} if payout is None else {"payout": payout}
    return entry_of(click_check=None, rules=rules, **{"transaction_id": "T1", "status": status, **money, **fields})


def rebuild(ledger: Connection[Any], dedup_key: str) -> list[State]:
    """Rebuild each state that a conversion ever had, the first one first, from its changes and itself."""
    before = rows(
        ledger,
        "SELECT status_before, payout_before, currency_before, revision FROM conversion_events WHERE dedup_key = %s"
        " ORDER BY revision",
        dedup_key,
    )
    (now,) = rows(ledger, "SELECT status, payout, currency, revision FROM conversions WHERE dedup_key = %s", dedup_key)
    assert [revision for *_, revision in before] == list(range(2, len(before) + 2))
    assert now[-1] == len(before) + 1
    return [State(Status(status), payout, currency) for status, payout, currency, _ in [*before, now]]


def key_of(entry: Entry) -> str:
    assert entry.event is not None
    return entry.event.dedup_key


def verdicts(outcomes: Sequence[Outcome]) -> list[str]:
    return [outcome.refusal.reason.value if outcome.refusal else outcome.verdict.value for outcome in outcomes]


def facts(outcome: Outcome) -> tuple[object, ...]:
    """What an outcome says, without the status beside a refusal, which is counted nowhere."""
    return outcome.verdict, outcome.refusal, outcome.conversion_id, None if outcome.refusal else outcome.status


def write_one_by_one(ledger: Connection[Any], entries: Sequence[Entry]) -> list[State]:
    """Write entries each in a batch of its own; gives the states that the conversion has after each change."""
    states = []
    for entry in entries:
        (outcome,) = write_entries(ledger, [entry])
        if outcome.verdict in ("accepted", "updated"):
            states.append(rebuild(ledger, key_of(entry))[-1])
    return states


def test_a_change_of_status_is_kept(ledger: Connection[Any]) -> None:
    write_entries(ledger, [sale("pending", "10")])

    write_entries(ledger, [sale("approved", "9", currency="EUR")])

    assert rows(
        ledger,
        "SELECT kind, status_before, status_after, payout_before, currency_before, payout, currency, delta, revision,"
        " reverses FROM conversion_events",
    ) == [("status", "pending", "approved", Decimal(10), "USD", Decimal(9), "EUR", None, 2, None)]
    assert rows(ledger, "SELECT status, payout, currency, revision FROM conversions") == [
        ("approved", Decimal(9), "EUR", 2)
    ]


def test_each_kind_of_change_is_handed_over(ledger: Connection[Any]) -> None:
    opened, refund = sale("pending"), sale("reversed", "-2", transaction_id="R1", reverses="T1")
    changes = [sale(), sale(payout="12"), refund, sale("reversed", None)]

    write_entries(ledger, [opened])
    for change in changes:
        write_entries(ledger, [change])

    assert rows(ledger, HANDED_OVER) == [
        (1, "opened"), (2, "updated"), (3, "corrected"), (4, "refunded"), (5, "reversed"),
    ]  # fmt: skip
    assert [change.receipt for change in take_changes(ledger, 9)] == [entry.receipt for entry in [opened, *changes]]


def test_a_repeat_and_a_conflict_are_not_handed_over(ledger: Connection[Any]) -> None:
    write_entries(ledger, [sale(rules=Rules())])

    write_entries(ledger, [sale(rules=Rules()), sale(payout="11", rules=Rules())])

    assert rows(ledger, HANDED_OVER) == [(1, "opened")]
    assert rows(ledger, "SELECT revision FROM conversions") == [(1,)]


def test_changes_of_one_batch_are_handed_over_in_their_order(ledger: Connection[Any]) -> None:
    batch = [sale("pending"), sale(), sale(payout="12"), sale("reversed", None)]

    write_entries(ledger, batch)

    assert [change.state.status for change in take_changes(ledger, 9)] == [
        "pending", "approved", "approved", "reversed",
    ]  # fmt: skip


def test_a_later_change_follows_an_earlier_one_whatever_the_clocks_say(ledger: Connection[Any]) -> None:
    opened = sale("pending")
    earlier = opened.received_at - timedelta(hours=1)
    write_entries(ledger, [opened])

    write_entries(ledger, [replace(sale(), received_at=earlier)])

    assert [take_changes(ledger, 1)[0].revision for _ in range(2)] == [1, 2]
    assert rows(ledger, "SELECT received_at FROM conversion_events") == [(earlier,)]


def test_a_released_reversal_is_handed_over(ledger: Connection[Any], database: str, master_key: str) -> None:
    write_entries(ledger, [sale()])
    write_entries(ledger, [sale("reversed", None, Rules(reversal_guard=0))])
    assert rows(ledger, HANDED_OVER) == [(1, "opened")]

    released = release(database, master_key)

    assert released.code == 0
    assert rows(ledger, HANDED_OVER) == [(1, "opened"), (2, "reversed")]


def release(database: str, master_key: str) -> Any:
    add_source(database, master_key, "acme")
    environment = {"DATABASE_URL": database, "POSTLEDGER_MASTER_KEY": master_key}
    return CommandLine(environment, ROOT)("conversions", "release", "--source", "acme")


@pytest.mark.parametrize("is_taken", [False, True])
def test_a_batch_written_again_changes_nothing_twice(ledger: Connection[Any], is_taken: bool) -> None:
    """Folded again, its first entry would reject the conversion that its second one has approved again."""
    write_entries(ledger, [sale(rules=REAPPROVE)])
    batch = [sale("rejected", rules=REAPPROVE), sale(rules=REAPPROVE), sale(rules=REAPPROVE, payout="3")]
    first = write_entries(ledger, batch)
    taken = take_changes(ledger, 9) if is_taken else []

    again = write_entries(ledger, batch)

    assert verdicts(first) == ["updated", "updated", "conflict"]
    assert [facts(outcome) for outcome in again] == [facts(outcome) for outcome in first]
    assert rows(ledger, "SELECT revision FROM conversions") == [(3,)]
    assert len(taken) + len(rows(ledger, HANDED_OVER)) == 3
    assert rows(ledger, "SELECT count(*) FROM conversion_events") == [(2,)]


def test_what_is_new_in_a_batch_written_again_is_folded(ledger: Connection[Any]) -> None:
    opened, first, second = sale("pending"), sale(), sale(payout="12")
    write_entries(ledger, [opened, first])

    outcomes = write_entries(ledger, [opened, first, second])

    assert verdicts(outcomes) == ["accepted", "updated", "updated"]
    assert [outcome.status for outcome in outcomes] == ["pending", "approved", None]
    assert [state.payout for state in rebuild(ledger, key_of(first))] == [10, 10, 12]


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["pending", "approved", "approved", "rejected", "reversed"]),
        st.sampled_from([None, "10", "12", "-2", "-10"]),
        st.sampled_from(["USD", "USD", "EUR"]),
        st.sampled_from([None, None, 0, 1, 2]),
    ),
    min_size=1,
    max_size=7,
)
RULES = st.builds(Rules, duplicates=st.sampled_from(["fold", "correct"]), may_reapprove=st.booleans())


def make_entries(events: Sequence[tuple[str, str | None, str, int | None]], rules: Rules) -> list[Entry]:
    transaction_id = new_receipt()
    return [
        sale(
            "reversed" if payout and payout.startswith("-") else status,
            payout,
            rules,
            transaction_id=transaction_id,
            currency=currency,
            **({} if hour is None else {"event_time": (NOON + timedelta(hours=hour)).isoformat()}),
        )
        for status, payout, currency, hour in events
    ]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(events=EVENTS, rules=RULES, size=st.integers(1, 4))
def test_each_state_that_a_conversion_had_can_be_rebuilt(
    ledger: Connection[Any], events: list[tuple[str, str | None, str, int | None]], rules: Rules, size: int
) -> None:
    entries, others = make_entries(events, rules), make_entries(events, rules)

    seen = write_one_by_one(ledger, entries)
    for start in range(0, len(others), size):
        batch = others[start : start + size]
        first, again = write_entries(ledger, batch), write_entries(ledger, batch)
        assert [facts(outcome) for outcome in again] == [facts(outcome) for outcome in first]

    taken = take_changes(ledger, 99)
    for key in (key_of(entries[0]), key_of(others[0])):
        assert rebuild(ledger, key) == seen
        assert [change.state for change in taken if change.dedup_key == key] == seen
        assert [change.revision for change in taken if change.dedup_key == key] == list(range(1, len(seen) + 1))


INSERT_ONE = """
INSERT INTO conversions (dedup_key, id, source_id, event, click_id, status, revision, created_at, updated_at)
VALUES (gen_random_uuid(), gen_random_uuid(), 1, 'sale', 'C1', 'approved', 1, now(), now())
"""


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE conversions SET status = 'rejected'",
        "UPDATE conversions SET payout = 9",
        "UPDATE conversions SET currency = 'EUR', revision = 2",
        INSERT_ONE,
    ],
)
def test_the_guard_of_these_tests_refuses_a_change_without_a_row(ledger: Connection[Any], change: str) -> None:
    write_entries(ledger, [sale()])

    with pytest.raises(psycopg.errors.RaiseException):
        ledger.execute(change.encode())


_WRITES_CONVERSIONS = re.compile(r"(?:INSERT\s+INTO|UPDATE|MERGE\s+INTO|COPY|DELETE\s+FROM)\s+conversions\b")
# Neither touches the state: a contradiction is flagged, and an erasure keeps status and money.
_WITHOUT_A_CHANGE = {
    "flag_conversions": {"conflicted_at"},
    "forget_conversions": {"click_id", "transaction_id", "subs"},
}


def test_every_statement_that_changes_a_conversion_fills_the_outbox() -> None:
    statements = {path.stem: path.read_text("utf-8") for path in (ROOT / "backend").rglob("sql/*.sql")}
    writing = {name for name, text in statements.items() if _WRITES_CONVERSIONS.search(text)}

    assert writing >= {"record_entries", "record_changes", *_WITHOUT_A_CHANGE}
    for name in writing - set(_WITHOUT_A_CHANGE):
        assert "INSERT INTO outbox" in statements[name], name
    for name, columns in _WITHOUT_A_CHANGE.items():
        assert set(re.findall(r"^(?:SET)?\s*(\w+) = ", statements[name], re.MULTILINE)) == columns


def test_a_repeat_under_a_new_receipt_is_not_handed_over(ledger: Connection[Any]) -> None:
    entry = sale()
    write_entries(ledger, [entry])

    write_entries(ledger, [same_again(entry) for _ in range(3)])

    assert len(take_changes(ledger, 9)) == 1

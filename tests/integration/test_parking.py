"""The guard over reversals: what it lets through, what it puts aside, and how an operator settles that."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from threading import Barrier, Thread
from typing import Any

import pytest
from msgspec.structs import replace
from psycopg import Connection

from postledger.ledger.entry import Entry, Outcome
from postledger.ledger.parked_reversals import list_parked, settle_parked
from postledger.ledger.rules.status_rules import Rules
from postledger.ledger.writer import write_entries
from postledger.platform.postgres.connection import connect
from tests.parts.cli import CommandLine
from tests.parts.entries import entry_of, same_again
from tests.parts.sources import add_source
from tests.parts.waiting import HANGS_AFTER_S, wait_until

GUARDED = Rules(reversal_guard=2)
WAITING_FOR_A_SOURCE = """
SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database
WHERE datname = current_database() AND locktype = 'advisory' AND NOT granted
"""


@pytest.fixture
def ledger(database: str) -> Iterator[Connection[Any]]:
    with connect(database, name="test", statement_timeout_ms=60_000) as connection:
        yield connection


def sale(number: int) -> Entry:
    return entry_of(transaction_id=f"T{number}", payout="10", rules=GUARDED)


def reversal(number: int, payout: str = "10") -> Entry:
    return entry_of(transaction_id=f"T{number}", status="reversed", payout=payout, rules=GUARDED)


def an_hour_later(entry: Entry) -> Entry:
    return replace(entry, received_at=entry.received_at + timedelta(hours=1, seconds=1))


def verdicts(outcomes: list[Outcome]) -> list[str]:
    return [outcome.refusal.reason.value if outcome.refusal else outcome.verdict.value for outcome in outcomes]


def rows(ledger: Connection[Any], statement: str) -> list[tuple[Any, ...]]:
    return ledger.execute(statement.encode()).fetchall()


@pytest.fixture
def parked(ledger: Connection[Any]) -> list[Entry]:
    """Four sales, all reversed at once; the last two reversals wait."""
    write_entries(ledger, [sale(number) for number in range(4)])
    reversals = [reversal(number) for number in range(4)]
    write_entries(ledger, reversals)
    return reversals[2:]


@pytest.mark.parametrize("flushes", ["one batch", "a batch each"])
def test_the_guard_counts_conversions_over_batches_and_within_one(ledger: Connection[Any], flushes: str) -> None:
    write_entries(ledger, [sale(number) for number in range(4)])
    reversals = [reversal(0, payout="-1"), reversal(0, payout="-2"), reversal(1), reversal(2), reversal(3)]
    batches = [reversals] if flushes == "one batch" else [[entry] for entry in reversals]

    outcomes = [outcome for batch in batches for outcome in write_entries(ledger, batch)]

    assert verdicts(outcomes) == ["updated", "updated", "updated", "parked", "parked"]
    assert rows(ledger, "SELECT status, count(*) FROM conversions GROUP BY 1 ORDER BY 1") == [
        ("approved", 3),
        ("reversed", 1),
    ]


def test_after_an_hour_the_guard_lets_through_again(ledger: Connection[Any], parked: list[Entry]) -> None:
    write_entries(ledger, [sale(4), sale(5)])

    outcomes = [*write_entries(ledger, [reversal(4)]), *write_entries(ledger, [an_hour_later(reversal(5))])]

    assert verdicts(outcomes) == ["parked", "updated"]


def test_what_waits_goes_on_waiting_when_it_is_repeated_an_hour_later(
    ledger: Connection[Any], parked: list[Entry]
) -> None:
    assert verdicts(write_entries(ledger, [an_hour_later(same_again(parked[0]))])) == ["duplicate"]
    assert rows(ledger, "SELECT status FROM conversions WHERE transaction_id = 'T2'") == [("approved",)]


def test_what_was_discarded_stays_so_when_it_is_repeated_and_another_refund_does_not(
    ledger: Connection[Any], parked: list[Entry], cli: CommandLine
) -> None:
    cli("conversions", "discard", parked[0].receipt)

    again = write_entries(ledger, [an_hour_later(same_again(parked[0]))])
    another = write_entries(ledger, [an_hour_later(reversal(2, payout="-1"))])

    assert (verdicts(again), verdicts(another)) == (["duplicate"], ["updated"])


def test_the_repeat_of_a_parked_reversal_is_a_duplicate_and_parked_once(
    ledger: Connection[Any], parked: list[Entry]
) -> None:
    outcomes = write_entries(ledger, [same_again(parked[0]), same_again(parked[1])])

    assert verdicts(outcomes) == ["duplicate", "duplicate"]
    assert verdicts(write_entries(ledger, parked)) == ["parked", "parked"], "a batch written again parks nothing twice"
    assert rows(ledger, "SELECT count(*) FROM parked_reversals") == [(2,)]


def test_the_repeat_of_a_reversal_that_is_parked_in_the_same_batch_is_a_duplicate(
    ledger: Connection[Any], parked: list[Entry]
) -> None:
    write_entries(ledger, [sale(6)])
    first = reversal(6)

    assert verdicts(write_entries(ledger, [first, same_again(first)])) == ["parked", "duplicate"]


def test_other_sources_and_other_postbacks_are_not_held_up(ledger: Connection[Any], parked: list[Entry]) -> None:
    rejected = entry_of(transaction_id="T2", status="rejected", rules=GUARDED)

    assert verdicts(write_entries(ledger, [rejected, sale(9)])) == ["updated", "accepted"]


def test_two_processes_at_once_do_not_pass_the_guard_together(ledger: Connection[Any], database: str) -> None:
    write_entries(ledger, [sale(number) for number in range(8)])
    start, told = Barrier(4), []

    def reverse(first: int) -> None:
        with connect(database, name="test", statement_timeout_ms=60_000) as connection:
            start.wait(timeout=HANGS_AFTER_S)
            told.extend(verdicts(write_entries(connection, [reversal(first), reversal(first + 1)])))

    threads = [Thread(target=reverse, args=(first,)) for first in (0, 2, 4, 6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=HANGS_AFTER_S)

    assert sorted(told) == ["parked"] * 6 + ["updated"] * 2


def test_who_comes_second_waits_for_the_first_to_be_counted(ledger: Connection[Any], database: str) -> None:
    write_entries(ledger, [sale(number) for number in range(3)])
    told: list[str] = []

    def reverse() -> None:
        with connect(database, name="test", statement_timeout_ms=60_000) as connection:
            told.extend(verdicts(write_entries(connection, [reversal(2)])))

    second = Thread(target=reverse)
    with connect(database, name="test", statement_timeout_ms=60_000) as connection, connection.transaction():
        write_entries(connection, [reversal(0), reversal(1)])
        second.start()
        wait_until(lambda: rows(ledger, WAITING_FOR_A_SOURCE) == [(1,)], what="the second to wait")
    second.join(timeout=HANGS_AFTER_S)

    assert told == ["parked"]


def test_another_source_has_a_guard_of_its_own(ledger: Connection[Any], parked: list[Entry]) -> None:
    theirs, their_reversal = (replace(entry, source_id=2) for entry in (sale(7), reversal(7)))
    write_entries(ledger, [sale(8), theirs])

    assert verdicts(write_entries(ledger, [reversal(8), their_reversal])) == ["parked", "updated"]


def test_corrections_neither_count_nor_wait(ledger: Connection[Any]) -> None:
    rules = Rules(duplicates="correct", reversal_guard=1)

    def paid(number: int, payout: str, status: str = "approved") -> Entry:
        return entry_of(transaction_id=f"T{number}", payout=payout, status=status, rules=rules)

    write_entries(ledger, [paid(number, "10") for number in range(3)])
    corrected = write_entries(ledger, [paid(0, "11"), paid(1, "11")])
    taken = write_entries(ledger, [paid(0, "11", "reversed"), paid(1, "11", "reversed")])
    after = write_entries(ledger, [paid(2, "11")])

    assert verdicts([*corrected, *taken, *after]) == ["updated", "updated", "updated", "parked", "updated"]


def test_what_another_operator_has_settled_meanwhile_stays_as_he_had_it(
    ledger: Connection[Any], parked: list[Entry], cli: CommandLine
) -> None:
    seen = list_parked(ledger)
    cli("conversions", "discard", parked[0].receipt)

    counts = settle_parked(
        ledger, seen, books=True, actor="late", now=datetime.now(UTC), on_progress=lambda _, __: None
    )

    assert counts == {"updated": 1}
    assert set(rows(ledger, "SELECT id::text, outcome, settled_by = 'late' FROM parked_reversals")) == {
        (parked[0].receipt, "discarded", False),
        (parked[1].receipt, "updated", True),
    }
    assert rows(ledger, "SELECT status FROM conversions WHERE transaction_id = 'T2'") == [("approved",)]


def test_a_released_refund_is_known_by_its_own_id_and_by_what_nobody_signed_of_it(
    ledger: Connection[Any], parked: list[Entry], cli: CommandLine
) -> None:
    refund = replace(
        entry_of(transaction_id="R3", reverses="T3", payout="-3", rules=GUARDED), unsigned=("payout", "status")
    )
    write_entries(ledger, [refund])

    assert cli("conversions", "release", refund.receipt, "--json").facts == {"updated": 1}

    assert verdicts(write_entries(ledger, [an_hour_later(same_again(refund))])) == ["duplicate"]
    assert rows(ledger, "SELECT delta FROM conversion_events WHERE transaction_id = 'R3'") == [(Decimal(-3),)]
    assert rows(ledger, "SELECT payout, unsigned FROM conversions WHERE transaction_id = 'T3'") == [
        (Decimal(7), ["payout", "status"])
    ]


def test_one_source_is_listed_and_settled_without_the_others(
    ledger: Connection[Any], database: str, master_key: str, parked: list[Entry], cli: CommandLine
) -> None:
    for slug in ("acme", "best"):
        add_source(database, master_key, slug)
    ledger.execute("UPDATE parked_reversals SET source_id = 2 WHERE id = %s", (parked[1].receipt,))

    listed = cli("conversions", "parked", "--source", "best", "--json").facts
    released = cli("conversions", "release", "--source", "acme", "--json").facts

    assert [row["id"] for row in listed] == [parked[1].receipt]
    assert released == {"updated": 1}
    assert [row["id"] for row in cli("conversions", "parked", "--json").facts] == [parked[1].receipt]


def test_what_is_released_is_booked_and_does_not_count(
    ledger: Connection[Any], parked: list[Entry], cli: CommandLine
) -> None:
    listed = cli("conversions", "parked", "--json").facts

    released = cli("conversions", "release", f" {parked[0].receipt.upper()} ", "--json").facts

    assert [(row["id"], row["transaction_id"], row["booked"]) for row in listed] == [
        (parked[0].receipt, "T2", "10"),
        (parked[1].receipt, "T3", "10"),
    ]
    assert released == {"updated": 1}
    assert rows(ledger, "SELECT status FROM conversions WHERE transaction_id = 'T2'") == [("reversed",)]
    assert rows(ledger, "SELECT kind, delta FROM conversion_events ORDER BY received_at DESC LIMIT 1") == [
        ("reversal", Decimal(-10))
    ]
    assert [row["id"] for row in cli("conversions", "parked", "--json").facts] == [parked[1].receipt]
    assert rows(
        ledger, "SELECT outcome, settled_by IS NOT NULL FROM parked_reversals WHERE settled_at IS NOT NULL"
    ) == [("updated", True)]


def test_what_no_longer_fits_is_a_conflict_and_what_is_discarded_is_never_booked(
    ledger: Connection[Any], parked: list[Entry], cli: CommandLine
) -> None:
    write_entries(ledger, [entry_of(transaction_id="T2", status="rejected", rules=GUARDED)])

    released = cli("conversions", "release", parked[0].receipt, "--json").facts
    discarded = cli("conversions", "discard", parked[1].receipt, "--json").facts

    assert (released, discarded) == ({"conflict": 1}, {"discarded": 1})
    assert rows(ledger, "SELECT transaction_id, status FROM conversions WHERE transaction_id >= 'T2' ORDER BY 1") == [
        ("T2", "rejected"),
        ("T3", "approved"),
    ]
    assert cli("conversions", "parked", "--json").facts == []


def test_a_trace_tells_that_a_reversal_is_parked_why_and_what_books_it(
    ledger: Connection[Any], parked: list[Entry], cli: CommandLine
) -> None:
    refund = entry_of(transaction_id="R2", reverses="T2", payout="-3", rules=GUARDED)
    write_entries(ledger, [refund])

    told = cli("trace", "R2").out
    (conversion,) = cli("trace", "R2", "--json").facts["conversions"]

    for entry, amount in ((parked[0], "10 USD"), (refund, "-3 USD  transaction=R2")):
        (line,) = [line for line in told.splitlines() if line.startswith("  parked") and entry.receipt in line]
        assert f"{amount}  not booked: the source reversed more in an hour than its reversal_guard" in line
        assert f"run: postledger conversions release {entry.receipt} " in line
    assert told.count("  parked  GET") == 2
    assert [(one["receipt"], one["payout"], one["outcome"]) for one in conversion["parked"]] == [
        (parked[0].receipt, "10", None),
        (refund.receipt, "-3", None),
    ]


def test_a_row_of_an_earlier_release_is_read_as_parked(
    ledger: Connection[Any], parked: list[Entry], cli: CommandLine
) -> None:
    ledger.execute("UPDATE postbacks SET verdict = 'spooled' WHERE id = %s", (parked[0].receipt,))

    listed = cli("postbacks", "list", "--verdict", "parked", "--json").facts
    traced = cli("trace", parked[0].receipt, "--json").facts["postbacks"]

    assert {row["id"]: row["verdict"] for row in listed} == {entry.receipt: "parked" for entry in parked}
    assert {row["verdict"] for row in traced if row["id"] == parked[0].receipt} == {"parked"}
    assert cli("postbacks", "list", "--verdict", "accepted", "--json").facts != []


def test_what_the_spool_took_is_not_listed_as_parked(
    ledger: Connection[Any], parked: list[Entry], cli: CommandLine
) -> None:
    ledger.execute("UPDATE postbacks SET verdict = 'spooled' WHERE verdict = 'accepted'")

    listed = cli("postbacks", "list", "--verdict", "parked", "--json").facts

    assert {row["id"] for row in listed} == {entry.receipt for entry in parked}
    assert {row["verdict"] for row in cli("postbacks", "list", "--verdict", "spooled", "--json").facts} == {"spooled"}


def test_a_trace_tells_what_became_of_what_was_parked(parked: list[Entry], cli: CommandLine) -> None:
    assert cli("conversions", "discard", parked[0].receipt).code == 0

    told = cli("trace", "T2").out

    assert "waits" not in told
    assert re.search(r"parked .*10 USD  discarded by \S+ at 20", told)


def test_a_release_that_means_nothing_is_one_line(parked: list[Entry], cli: CommandLine) -> None:
    for arguments in ((), (parked[0].receipt, "--source", "acme"), ("T2",), (sale(5).receipt,)):
        ran = cli("conversions", "release", *arguments)

        assert (ran.code, ran.err.count("\n")) == (1, 1)

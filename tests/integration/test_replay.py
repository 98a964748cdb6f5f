"""A replay judges stored postbacks by the rules of today: the dry run shows what would be booked, `--go` books it."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import psycopg
import pytest

from postledger.ledger.partitions import retain
from tests.parts.cli import CommandLine
from tests.parts.databases import fetch
from tests.parts.replaying import PastLedger, numbers_of
from tests.parts.sources import add_click

CONVERSIONS = "SELECT transaction_id, status, payout, currency FROM conversions ORDER BY transaction_id"
REPLAYED = "SELECT verdict, replay_of::text FROM postbacks WHERE replay_of IS NOT NULL ORDER BY replay_of"


@pytest.fixture
def past(cli: CommandLine) -> PastLedger:
    return PastLedger(cli)


def test_a_refused_postback_is_booked_once_its_click_is_known(past: PastLedger, database: str) -> None:
    past.apply()
    sent = [past.get(f"click_id=C{number}&transaction_id=T{number}&payout=1.5") for number in range(3)]
    add_click(database, "C0")
    add_click(database, "C1")

    shown = past.replay()
    before = fetch(database, CONVERSIONS)
    booked = past.book()

    assert (sent, before) == (["unknown_click"] * 3, [])
    assert numbers_of(shown["changes"]["refused → accepted"]) == (2, 2, {"USD": "3.0"})
    assert (shown["rows"], shown["as_recorded"], shown["dry_run"], booked["state"]) == (3, 1, True, "done")
    assert fetch(database, CONVERSIONS) == [(f"T{n}", "approved", Decimal("1.5"), "USD") for n in range(2)]
    assert fetch(database, REPLAYED) == [("accepted", one.receipt) for one in sent[:2]]
    assert f"replay of {sent[0].receipt}" in past.cli("trace", "T0").out


def test_a_second_replay_books_nothing(past: PastLedger, database: str) -> None:
    past.apply()
    past.get("click_id=C1&transaction_id=T1&payout=1")
    add_click(database, "C1")
    past.book()

    again = past.book()

    assert (again["rows_to_book"], again["booked_before"], again["as_recorded"]) == (0, 1, 1)
    assert fetch(database, "SELECT count(*)::integer FROM postbacks") == [(2,)]
    assert fetch(database, "SELECT count(*)::integer FROM replays") == [(1,)]


def test_what_is_booked_says_when_it_happened_and_was_received_now(past: PastLedger, database: str) -> None:
    past.apply()
    then = past.now + timedelta(milliseconds=1)
    past.get("click_id=C1&transaction_id=T1&payout=1")
    past.get("click_id=C1&transaction_id=T2&payout=1&event_time=1790000000")
    add_click(database, "C1")

    past.book()

    ((first, first_is_new), (second, _)) = fetch(
        database, "SELECT event_time, created_at > %s FROM conversions ORDER BY transaction_id", (past.now,)
    )
    assert (first, first_is_new, second.timestamp()) == (then, True, 1790000000)
    assert fetch(database, "SELECT count(*)::integer FROM outbox") == [(2,)]


def test_a_word_that_is_mapped_today_is_booked(past: PastLedger, database: str) -> None:
    add_click(database, "C1")
    past.apply()
    refused = past.get("click_id=C1&transaction_id=T1&payout=2&status=confirmed")
    past.apply("[sources.statuses]", 'approved = ["confirmed"]')

    booked = past.book("--verdict", "refused", "--reason", "invalid_parameter")

    assert refused == "invalid_parameter"
    assert booked["changes"]["refused → accepted"]["details"] == {"invalid_parameter:status": 1}
    assert fetch(database, CONVERSIONS) == [("T1", "approved", Decimal(2), "USD")]


def test_a_forged_postback_is_listed_and_never_booked(past: PastLedger, database: str) -> None:
    add_click(database, "C1")
    past.apply()
    past.get("click_id=C1&transaction_id=T1&payout=2", signed=False)
    past.get("click_id=C1&transaction_id=T2&payout=2&ts=1790000000&sig=00", signed=False)
    past.receive("acme", method="GET", query=b"click_id=%ff")

    shown = past.book()

    assert (shown["not_believed"], shown["not_kept"]) == (
        {"missing_signature": 1, "bad_signature": 1},
        {"malformed": 1},
    )
    assert (shown["judged"], fetch(database, CONVERSIONS)) == (0, [])


def test_what_is_known_of_repeats_goes_with_their_days(past: PastLedger, database: str) -> None:
    past.apply()
    past.get("click_id=C1&transaction_id=T1&payout=1")
    add_click(database, "C1")
    past.book()
    with psycopg.connect(database, autocommit=True) as ledger:
        count = "SELECT count(*)::integer FROM replayed_postbacks"
        kept = [
            (retain(ledger, datetime.now(UTC) + timedelta(days=days), 90), fetch(database, count)) for days in (89, 92)
        ]

    assert [number for _, number in kept] == [[(1,)], [(0,)]]


def test_days_that_were_dropped_meanwhile_are_left_out(past: PastLedger, database: str) -> None:
    past.apply()
    past.get("click_id=C1&transaction_id=T1&payout=1")
    add_click(database, "C1")

    shown = past.cli("replay", "--since", "2000-01-01", "--json").facts

    assert (shown["rows"], shown["rows_to_book"]) == (1, 1)

"""What a replay must not do: believe, charge, take back or undo more than the rules of today allow."""

from decimal import Decimal

import psycopg
import pytest

from postledger.audit.replay import book
from postledger.platform.postgres.advisory_locks import ERASURE
from tests.parts.cli import CommandLine
from tests.parts.databases import fetch
from tests.parts.replaying import SOURCE, PastLedger, numbers_of
from tests.parts.sources import add_click

CONVERSIONS = "SELECT transaction_id, status, payout FROM conversions ORDER BY transaction_id"
CHARGE = b'{"click_id":"C1","payout":"5"}'


@pytest.fixture
def past(cli: CommandLine, database: str) -> PastLedger:
    past = PastLedger(cli)
    past.apply()
    return past


def test_an_erased_row_is_not_kept(past: PastLedger, database: str) -> None:
    past.get("click_id=C1&transaction_id=T1&payout=1")
    past.cli("forget", "--click-id", "C1")
    add_click(database, "C1")

    assert past.book()["not_kept"] == {"erased or empty": 1}
    assert fetch(database, CONVERSIONS) == []


def test_an_erasure_is_waited_for(past: PastLedger, database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(book, "_WAIT_FOR_LOCK_MS", 1)
    past.get("click_id=C1&transaction_id=T1&payout=1")
    add_click(database, "C1")
    with psycopg.connect(database, autocommit=True) as erasing:
        erasing.execute("SELECT pg_advisory_lock(%s)", (ERASURE,))
        held = past.cli("replay", "--since", "7h", "--go", "--yes", "1")
    (replay,) = past.cli("replay", "list", "--json").facts

    resumed = past.cli("replay", "--resume", replay["id"], "--json").facts

    assert (held.code, f"go on later: postledger replay --resume {replay['id']}" in held.err) == (1, True)
    assert (replay["state"], resumed["state"], resumed["booked"]) == ("running", "done", 1)


def test_an_erased_transaction_id_is_erased_from_a_replay(past: PastLedger, database: str) -> None:
    past.get("click_id=C1&transaction_id=C1&payout=1")
    add_click(database, "C1")
    past.book("--transaction", "C1")
    past.cli("forget", "--click-id", "C1")

    ((selection,),) = fetch(database, "SELECT selection ->> 'transaction' FROM replays")
    assert selection == "forgotten"


def test_a_row_of_a_retired_source_is_not_believed(past: PastLedger, database: str) -> None:
    past.get("click_id=C1&transaction_id=T1&payout=1")
    add_click(database, "C1")
    past.cli("source", "retire", "acme")

    assert past.book("--source", "acme")["not_believed"] == {"source not in force": 1}


def test_an_unsigned_row_is_not_believed_by_a_source_that_enforces_today(past: PastLedger, database: str) -> None:
    past.apply('mode = "observe"', "require_signed = []")
    add_click(database, "C1")
    booked = past.get("click_id=C1&transaction_id=T0&payout=1", signed=False)
    refused = past.get("click_id=C1&transaction_id=T1&payout=x", signed=False)
    past.apply('mode = "enforce"')

    shown = past.book()

    assert (booked, refused) == ("accepted", "invalid_parameter")
    assert (shown["judged"], shown["not_believed"]) == (0, {"missing_signature": 2})


def test_a_retry_of_one_charge_is_charged_once(past: PastLedger, database: str) -> None:
    past.apply('duplicates = "every"')
    sent = [past.post(CHARGE, message_id) for message_id in ("msg_1", "msg_1", "msg_2")]
    add_click(database, "C1")

    table = past.book()

    assert sent == ["unknown_click"] * 3
    assert numbers_of(table["changes"]["refused → accepted"]) == (2, 2, {"USD": "10"})
    assert table["changes"]["refused → duplicate"]["rows"] == 1
    assert past.post(CHARGE, "msg_1") == "duplicate"


def test_a_request_whose_charge_was_not_kept_is_not_charged(past: PastLedger, database: str) -> None:
    past.post(CHARGE, "msg_1")
    past.get("click_id=C1&transaction_id=T1&payout=1")
    add_click(database, "C1")
    past.apply('duplicates = "every"')

    table = past.book()

    assert table["not_kept"] == {"idempotency key": 1}
    assert fetch(database, CONVERSIONS) == [("T1", "approved", Decimal(1))]


def test_more_reversals_than_the_guard_allows_are_all_parked(past: PastLedger, database: str) -> None:
    add_click(database, "C1")
    for number in range(3):
        past.get(f"click_id=C1&transaction_id=T{number}&payout=10")
        past.get(f"click_id=C1&transaction_id=T{number}&status=chargeback")
    past.apply("reversal_guard = 2", "[sources.statuses]", 'reversed = ["chargeback"]')

    table = past.book("--verdict", "refused")

    assert numbers_of(table["changes"]["refused → parked"]) == (3, 0, {})
    assert (table["parks_reversals"], len(past.cli("conversions", "parked", "--json").facts)) == (True, 3)
    assert past.cli("conversions", "release", "--source", "acme", "--json").facts == {"updated": 3}
    assert {status for _, status, _ in fetch(database, CONVERSIONS)} == {"reversed"}
    assert past.replay("--verdict", "refused")["rows_to_book"] == 0


def test_reversals_within_the_guard_are_booked(past: PastLedger, database: str) -> None:
    add_click(database, "C1")
    past.get("click_id=C1&transaction_id=T1&payout=10")
    past.get("click_id=C1&transaction_id=T1&status=chargeback")
    past.apply("reversal_guard = 1", "[sources.statuses]", 'reversed = ["chargeback"]')

    assert numbers_of(past.book()["changes"]["refused → updated"]) == (1, 0, {"USD": "-10"})
    assert fetch(database, CONVERSIONS) == [("T1", "reversed", Decimal(10))]


@pytest.mark.parametrize("words", [("refund", "reversed"), ("reversed", "refund")])
def test_a_refund_that_came_with_two_words_is_taken_once(
    past: PastLedger, database: str, words: tuple[str, ...]
) -> None:
    add_click(database, "C1")
    past.get("click_id=C1&transaction_id=T1&payout=10")
    sent = {past.get(f"click_id=C1&transaction_id=T1&payout=-4&status={word}") for word in words}
    past.apply("[sources.statuses]", 'reversed = ["refund"]')

    table = past.book("--verdict", "refused")

    assert sent == {"invalid_parameter", "updated"}
    assert list(table["changes"]) == ["refused → duplicate"]
    assert fetch(database, CONVERSIONS) == [("T1", "approved", Decimal(6))]


def test_an_old_word_does_not_undo_what_came_since(past: PastLedger, database: str) -> None:
    add_click(database, "C1")
    past.get("click_id=C1&transaction_id=T1&payout=10&status=pending")
    refused = past.get("click_id=C1&transaction_id=T1&payout=10&status=ok")
    past.get("click_id=C1&transaction_id=T1&payout=10&status=rejected")
    past.apply("may_reapprove = true", "[sources.statuses]", 'approved = ["ok"]')

    table = past.book("--verdict", "refused")

    assert (refused, list(table["changes"])) == ("invalid_parameter", ["refused → duplicate"])
    assert fetch(database, CONVERSIONS) == [("T1", "rejected", Decimal(10))]


def test_a_conflict_is_a_correction_if_the_rules_allow_it_today(past: PastLedger, database: str) -> None:
    add_click(database, "C1")
    past.get("click_id=C1&transaction_id=T1&payout=10")
    conflict = past.get("click_id=C1&transaction_id=T1&payout=12.5")
    past.apply('duplicates = "correct"')

    table = past.book()

    assert conflict == "conflict"
    assert numbers_of(table["changes"]["refused → updated"]) == (1, 0, {"USD": "2.5"})
    assert (table["booked_before"], table["drift"]) == (1, {})
    assert fetch(database, CONVERSIONS) == [("T1", "approved", Decimal("12.5"))]


def test_what_was_booked_and_is_judged_otherwise_needs_a_word(past: PastLedger, database: str) -> None:
    add_click(database, "C1")
    past.get("click_id=C1&transaction_id=T1&payout=10")
    past.get("click_id=C1&transaction_id=T2&payout=10")
    past.apply('key = "click"')

    refused = past.cli("replay", "--since", "7h", "--go", "--yes", "1")
    after = fetch(database, CONVERSIONS)
    table = past.book("--accept-drift")

    assert "2 booked postbacks would be judged otherwise today; nothing was booked." in refused.err
    assert (refused.code, len(after)) == (1, 2)
    assert numbers_of(table["drift"]["accepted → accepted"]) == (1, 1, {"USD": "10"})
    assert table["drift"]["accepted → duplicate"]["rows"] == 1


def test_a_wrong_number_or_none_books_nothing(past: PastLedger, database: str) -> None:
    past.get("click_id=C1&transaction_id=T1&payout=1")
    add_click(database, "C1")

    errors = [past.cli("replay", "--since", "7h", "--go", *yes).err for yes in ((), ("--yes", "2"))]

    assert errors == [
        "postledger: --yes is missing; nothing was booked. To go on, add --yes 1\n",
        "postledger: 2 is not the number of postbacks to book; nothing was booked. To go on, add --yes 1\n",
    ]
    assert fetch(database, "SELECT count(*)::integer FROM replays") == [(0,)]


def test_a_selection_takes_only_what_it_names(past: PastLedger, database: str) -> None:
    past.apply(source=SOURCE + SOURCE.replace("acme", "beta"))
    sent = [past.get(f"click_id=C1&transaction_id=T{number}&payout=1") for number in range(3)]
    past.get("click_id=C1&transaction_id=T3&payout=1", slug="beta")
    past.get("click_id=C1&payout=x")
    file = past.cli.write("receipts.txt", f"{sent[0].receipt.upper()}\n\n {sent[2].receipt} \n")

    numbers = {
        options: past.cli("replay", *options, "--json").facts["rows"]
        for options in (
            ("--since", "7h"),
            ("--since", "7h", "--source", "beta"),
            ("--since", "7h", "--reason", "invalid_parameter"),
            ("--since", "7h", "--transaction", "T1"),
            ("--since", "7h", "--until", "179m"),
            ("--receipts", file),
            ("--receipts", file, "--transaction", "T2"),
            ("--since", "1h"),
        )
    }

    assert list(numbers.values()) == [5, 1, 1, 1, 2, 2, 1, 0]


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ((), "--since is missing; give a time: "),
        (("--since", "7d", "--source", "nobody"), "source nobody does not exist; run: postledger source list"),
        (("--since", "1h", "--until", "2h"), "--since must be before --until"),
        (("--resume", "nonsense"), "no replay has the id nonsense; run: postledger replay list"),
        (("show", "nonsense"), "no replay has the id nonsense; run: postledger replay list"),
        (("--since", "2099-01-01"), "--since is in the future; "),
        (("--since", "1h", "--rate", "0"), "--rate is malformed; write postbacks per second, such as 500/s"),
        (("--since", "1h", "--rate", "5/min"), "--rate is malformed; "),
        (("release", "nonsense"), "no replay has the id nonsense; run: postledger replay list"),
        (("discard", "nonsense"), "no replay has the id nonsense; run: postledger replay list"),
    ],
)
def test_a_mistake_is_one_clear_line(cli: CommandLine, options: tuple[str, ...], error: str) -> None:
    ran = cli("replay", *options)

    assert (ran.code, ran.err.startswith(f"postledger: {error}")) == (1, True), ran.err
    assert ran.err.count("\n") == 1

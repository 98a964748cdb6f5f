"""What was booked once is not booked again by a later replay, whatever its filter is, unless the operator says so."""

import pytest

from postledger.audit.replay import preview
from tests.parts.cli import CommandLine
from tests.parts.databases import fetch
from tests.parts.replaying import PastLedger, numbers_of
from tests.parts.sources import add_click

FILTERS = ((), ("--verdict", "refused", "--reason", "unknown_click"), ("--source", "acme"), ("--transaction", "T1"))
BY_CLICK = 'key = "click"'
COUNT = "SELECT count(*)::integer FROM conversions"


@pytest.fixture
def past(cli: CommandLine, database: str) -> PastLedger:
    """A refused postback that a replay has booked."""
    past = PastLedger(cli)
    past.apply()
    past.get("click_id=C1&transaction_id=T1&payout=1")
    add_click(database, "C1")
    past.book()
    return past


@pytest.mark.parametrize("options", FILTERS)
def test_a_replayed_postback_under_another_key_is_drift(
    past: PastLedger, database: str, options: tuple[str, ...]
) -> None:
    past.apply(BY_CLICK)

    shown = past.replay(*options)
    refused = past.cli("replay", "--since", "7h", *options, "--go", "--yes", "1")

    assert (shown["booked_before"], shown["changes"]) == (1, {})
    assert numbers_of(shown["drift"]["accepted → accepted"]) == (1, 1, {"USD": "1"})
    assert "1 booked postback would be judged otherwise today; nothing was booked." in refused.err
    assert past.cli("replay", "--since", "7h", *options).out.endswith("To book it: --go --yes 1 --accept-drift\n")
    assert (refused.code, fetch(database, COUNT)) == (1, [(1,)])


def test_what_was_accepted_as_drift_is_as_recorded_afterwards(past: PastLedger, database: str) -> None:
    past.apply(BY_CLICK)
    past.book("--accept-drift")

    again = past.replay("--verdict", "refused")

    assert (again["booked_before"], again["as_recorded"], again["rows_to_book"]) == (1, 1, 0)
    past.apply('key = "transaction"')
    back = past.replay("--verdict", "refused")
    assert (back["rows_to_book"], list(back["drift"])) == (0, ["accepted → duplicate"])
    assert fetch(database, COUNT) == [(2,)]


@pytest.mark.parametrize("words", [("confirmed", "approved"), ("approved", "confirmed")])
def test_a_retry_outside_the_filter_is_looked_at(past: PastLedger, database: str, words: tuple[str, ...]) -> None:
    add_click(database, "C2")
    sent = {past.get(f"click_id=C2&transaction_id=T2&payout=2&status={word}") for word in words}
    past.apply(BY_CLICK, "[sources.statuses]", 'approved = ["confirmed"]')

    shown = past.replay("--verdict", "refused", "--transaction", "T2")
    refused = past.cli("replay", "--since", "7h", "--verdict", "refused", "--transaction", "T2", "--go", "--yes", "1")

    assert sent == {"invalid_parameter", "accepted"}
    assert (shown["booked_before"], shown["changes"]) == (1, {})
    assert shown["drift"]["refused → accepted"]["details"] == {"booked under another key": 1}
    assert (refused.code, fetch(database, COUNT)) == (1, [(2,)])


def test_another_conversion_of_the_same_click_is_no_drift(past: PastLedger) -> None:
    past.apply(BY_CLICK)
    past.get("click_id=C1&transaction_id=T2&payout=1")
    past.get("click_id=C1&transaction_id=T3&payout=2")
    past.apply('key = "transaction"')

    shown = past.replay("--verdict", "refused", "--transaction", "T3")

    assert (shown["rows_to_book"], shown["drift"]) == (1, {})


def test_an_erased_postback_that_was_replayed_is_not_kept(past: PastLedger, database: str) -> None:
    past.cli("forget", "--click-id", "C1")
    past.apply(BY_CLICK)
    add_click(database, "C1")

    assert past.replay()["not_kept"] == {"erased or empty": 1}


def test_drift_that_came_after_the_dry_run_is_not_booked(
    past: PastLedger, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    add = past.get("click_id=C2&transaction_id=T2&payout=1")
    add_click(database, "C2")
    run = preview._run

    def book_meanwhile(*arguments: object) -> object:
        table = run(*arguments)  # type: ignore[arg-type]
        monkeypatch.setattr(preview, "_run", run)
        past.book()
        past.apply(BY_CLICK)
        return table

    monkeypatch.setattr(preview, "_run", book_meanwhile)
    stopped = past.cli("replay", "--since", "7h", "--transaction", "T2", "--go", "--yes", "1")

    assert (add, stopped.code) == ("unknown_click", 1)
    assert "are judged otherwise than in the dry run" in stopped.err
    assert fetch(database, COUNT) == [(2,)]


def test_a_click_that_must_be_known_today_is_drift(cli: CommandLine, database: str) -> None:
    past = PastLedger(cli)
    past.apply('click = "optional"')
    add_click(database, "C1")
    assert past.get("click_id=C1&transaction_id=T1&payout=1") == "accepted"
    assert past.get("click_id=C9&transaction_id=T9&payout=1") == "accepted"

    past.apply('click = "required"')
    shown = past.replay()

    assert (shown["booked_before"], shown["as_recorded"], shown["changes"]) == (2, 1, {})
    assert shown["drift"]["accepted → refused"]["details"] == {"unknown_click": 1}

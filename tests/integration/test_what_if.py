"""`apply FILE --what-if` tells what a file would have made of stored postbacks, and changes nothing."""

import re
import shlex
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from postledger.audit.what_if import what_if
from tests.parts.cli import CommandLine
from tests.parts.databases import fetch
from tests.parts.documents import read_document
from tests.parts.replaying import SOURCE, PastLedger, numbers_of
from tests.parts.sources import add_click

TABLES = (
    "conversions", "postbacks", "conversion_events", "parked_reversals", "outbox", "replays", "policy_history",
    "audit_log",
)  # fmt: skip
IN_EUROS = SOURCE.replace("USD", "EUR")
ROWS = [f"SELECT count(*)::integer FROM {table}" for table in TABLES]


class Trial(PastLedger):
    """A ledger with a past, on which files are tried."""

    def try_file(self, *changes: str, since: str = "7h", source: str = SOURCE) -> dict[str, Any]:
        """Try the source with more lines, and give its table."""
        file = self.cli.write("tried.toml", source + "\n".join(changes) + "\n")
        (tried,) = self.cli("apply", file, "--what-if", since, "--json").facts["what_if"]
        return dict(tried)


@pytest.fixture
def past(cli: CommandLine, database: str) -> Trial:
    past = Trial(cli)
    past.apply()
    add_click(database, "C1")
    return past


def lines_of(table: dict[str, Any]) -> dict[str, tuple[int, int, dict[str, str]]]:
    return {name: numbers_of(line) for name, line in table["changes"].items()}


def test_a_word_that_the_file_maps_would_have_been_booked(past: Trial) -> None:
    past.get("click_id=C1&transaction_id=T1&payout=2&status=confirmed")
    past.get("click_id=C1&transaction_id=T2&payout=3")

    table = past.try_file("[sources.statuses]", 'approved = ["confirmed"]')

    assert lines_of(table) == {"refused → accepted": (1, 1, {"USD": "2"})}
    assert table["changes"]["refused → accepted"]["details"] == {"invalid_parameter:status": 1}
    assert (table["rows"], table["judged"], table["as_recorded"], table["drift"]) == (2, 2, 2, {})


def test_nothing_is_changed(past: Trial, database: str) -> None:
    past.get("click_id=C1&transaction_id=T1&payout=2&status=confirmed")
    before = [fetch(database, rows) for rows in ROWS]

    past.try_file("[sources.statuses]", 'approved = ["confirmed"]')

    assert [fetch(database, rows) for rows in ROWS] == before


@pytest.mark.parametrize("most", [10_000, 1])
def test_what_follows_on_the_same_conversion_follows_in_the_trial(
    past: Trial, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    """Alone, the second postback is the same by both rules; but it would have come after the first.

    Affected rows are read by their receipts if they are few, and else found among all.
    """
    monkeypatch.setattr(what_if, "MOST_RECEIPTS", most)
    past.get("click_id=C1&transaction_id=T0&payout=2")
    past.get("click_id=C1&transaction_id=T1&payout=2&status=confirmed")
    past.get("click_id=C1&transaction_id=T1&payout=2")
    past.get("click_id=C1&transaction_id=T1&payout=2")

    table = past.try_file("[sources.statuses]", 'approved = ["confirmed"]')

    assert lines_of(table) == {
        "refused → accepted": (1, 1, {"USD": "2"}),
        "accepted → duplicate": (1, -1, {"USD": "-2"}),
    }
    assert table["as_recorded"] == 4


def test_another_currency_moves_the_money(past: Trial) -> None:
    past.get("click_id=C1&transaction_id=T1&payout=12.50")
    past.get("click_id=C1&transaction_id=T2&payout=1&currency=GBP")

    table = past.try_file(source=IN_EUROS)

    assert lines_of(table) == {"accepted → accepted": (1, 0, {"EUR": "12.50", "USD": "-12.50"})}


def test_two_transactions_of_one_click_are_one_by_the_click(past: Trial) -> None:
    past.get("click_id=C1&transaction_id=T1&payout=12")
    past.get("click_id=C1&transaction_id=T2&payout=12")
    past.get("click_id=C1&transaction_id=T1&payout=12")

    table = past.try_file('key = "click"')

    assert lines_of(table) == {"accepted → duplicate": (1, -1, {"USD": "-12"})}
    assert (table["judged"], table["as_recorded"]) == (3, 3)


def test_a_conversion_is_taken_as_it_was_before_the_time(past: Trial) -> None:
    """The past is undone to that time: by today's state, its change would be a duplicate."""
    past.get("click_id=C1&transaction_id=T1&payout=12&status=pending")
    past.get("click_id=C1&transaction_id=T1&payout=12&status=pending&event_time=1790000000")
    since = past.now.strftime("%Y-%m-%dT%H:%M:%SZ")
    past.get("click_id=C1&transaction_id=T1&payout=12&status=won")
    past.get("click_id=C1&transaction_id=T1&payout=12")

    table = past.try_file("[sources.statuses]", 'rejected = ["won"]', since=since)

    assert (table["rows"], table["as_recorded"], table["drift"]) == (2, 2, {})
    assert lines_of(table) == {
        "refused → updated": (1, 0, {"USD": "-12"}),
        "updated → refused": (1, 0, {}),
    }


def test_a_click_that_need_not_be_known_would_have_been_booked(past: Trial) -> None:
    past.get("click_id=C2&transaction_id=T1&payout=2")

    assert lines_of(past.try_file('click = "optional"')) == {"refused → accepted": (1, 1, {"USD": "2"})}


def test_a_click_that_came_later_is_for_a_replay(past: Trial, database: str) -> None:
    past.get("click_id=C2&transaction_id=T1&payout=2")
    add_click(database, "C2")

    table = past.try_file(source=IN_EUROS)

    assert (table["not_kept"], table["drift"], table["changes"]) == ({"click known since": 1}, {}, {})


def test_the_reversal_guard_is_not_tried(past: Trial) -> None:
    """On record, a reversal is parked and another is not, because an hour lies between them."""
    past.apply("reversal_guard = 1")
    for number in range(3):
        past.get(f"click_id=C1&transaction_id=T{number}&payout=2")
    reversed_ = [past.get(f"click_id=C1&transaction_id=T{number}&status=reversed") for number in range(2)]
    past.now += timedelta(hours=1)
    reversed_.append(past.get("click_id=C1&transaction_id=T2&status=reversed"))

    table = past.try_file("reversal_guard = 1", 'other_click = "ignore"')

    assert reversed_ == ["updated", "parked", "updated"]
    assert (table["judged"], table["as_recorded"], table["not_kept"]) == (5, 5, {"parked": 1})


def test_a_file_that_is_stricter_shows_what_it_would_have_cost(past: Trial) -> None:
    past.apply('mode = "observe"', "require_signed = []")
    past.get("click_id=C1&transaction_id=T1&payout=2", signed=False)

    table = past.try_file('mode = "enforce"')

    assert lines_of(table) == {"accepted → refused": (1, -1, {"USD": "-2"})}
    assert table["changes"]["accepted → refused"]["details"] == {"missing_signature": 1}


def test_what_the_rules_in_force_no_longer_say_is_told_first(past: Trial) -> None:
    past.apply("[sources.statuses]", 'approved = ["confirmed"]')
    past.get("click_id=C1&transaction_id=T1&payout=2&status=confirmed")
    past.apply()

    file = past.cli.write("tried.toml", IN_EUROS)
    told = past.cli("apply", file, "--what-if", "7h").out

    assert (
        "control (rules of today): 0 of 1 as recorded\nrecorded → rules of today; the file is not the reason:" in told
    )
    assert "accepted → refused     1           -1      0  invalid_parameter:status 1" in told
    assert told.endswith("The file would have changed nothing.\n")


def test_what_cannot_be_tried_does_not_decide_beside_what_can(past: Trial) -> None:
    past.apply('auth = "none"')
    past.get("click_id=C1&transaction_id=T1&payout=2", signed=False)

    table = past.try_file(source=IN_EUROS)

    assert (table["not_tried"], lines_of(table)) == (
        ["auth"],
        {"accepted → accepted": (1, 0, {"EUR": "2", "USD": "-2"})},
    )


def test_a_conversion_that_a_replay_has_opened_since_is_left_out(past: Trial, database: str) -> None:
    past.get("click_id=C2&transaction_id=T1&payout=12&status=pending")
    since = past.now.strftime("%Y-%m-%dT%H:%M:%SZ")
    add_click(database, "C2")
    past.book()
    past.now = datetime.now(UTC)
    past.get("click_id=C2&transaction_id=T1&payout=12")

    table = past.try_file(source=IN_EUROS, since=since)

    assert (table["not_kept"], table["drift"], table["changes"]) == ({"opened by a replay since": 1}, {}, {})


def test_secrets_alone_cannot_be_tried(past: Trial) -> None:
    past.get("click_id=C1&transaction_id=T1&payout=2")
    source = SOURCE.replace('"s3cret-current"', '"s3cret-of-tomorrow-1"')

    ran = past.cli("apply", past.cli.write("tried.toml", source), "--what-if", "7h")

    assert (ran.code, ran.out.splitlines()[-1]) == (0, "acme: cannot be tried on stored postbacks: secrets")
    assert "control" not in ran.out


def test_a_file_that_changes_no_source_tries_nothing(past: Trial) -> None:
    ran = past.cli("apply", past.cli.write("tried.toml", SOURCE), "--what-if", "7h")

    assert (ran.code, ran.out.splitlines()[-1]) == (
        0,
        "No settings of a source are changed, so there is nothing to try.",
    )


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (("--source", "acme"), "--source is for --what-if; a file is applied as a whole"),
        (
            ("--what-if", "7h", "--source", "beta"),
            "the file does not change the source beta, so there is nothing to try",
        ),
        (("--what-if", "soon"), "--what-if "),
    ],
)
def test_a_mistake_is_one_clear_line(past: Trial, options: tuple[str, ...], error: str) -> None:
    ran = past.cli("apply", past.cli.write("tried.toml", IN_EUROS), *options)

    assert (ran.code, ran.err.startswith(f"postledger: {error}"), ran.err.count("\n")) == (1, True, 1), ran.err


def test_the_commands_of_the_page_work_as_printed(past: Trial) -> None:
    past.get("click_id=C1&transaction_id=T1&payout=2&status=confirmed")
    past.cli.write("postledger.toml", SOURCE + '[sources.statuses]\napproved = ["confirmed"]\n')
    commands = re.findall(r"^postledger (.*?)(?: +#.*)?$", read_document("docs/what-if.md"), re.MULTILINE)

    ran = [past.cli(*shlex.split(command)) for command in commands]

    assert [one.code for one in ran] == [0, 0]
    assert all("control (rules of today): 1 of 1 as recorded\n" in one.out for one in ran)
    assert all("refused → accepted     1           +1  +2 USD  invalid_parameter:status 1" in one.out for one in ran)

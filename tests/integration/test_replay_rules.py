"""`replay --rules VERSION` tries the rules of an earlier version of the policy, and books nothing."""

import pytest

from tests.parts.cli import CommandLine
from tests.parts.databases import fetch
from tests.parts.replaying import PastLedger
from tests.parts.sources import add_click

MAPPED = ("[sources.statuses]", 'approved = ["confirmed"]')


@pytest.fixture
def past(cli: CommandLine, database: str) -> PastLedger:
    """A source that once knew the word `confirmed`, and has sent it since it does not."""
    past = PastLedger(cli)
    add_click(database, "C1")
    past.apply(*MAPPED)
    past.get("click_id=C1&transaction_id=T0&payout=2&status=confirmed")
    past.apply()
    past.get("click_id=C1&transaction_id=T1&payout=2&status=confirmed")
    return past


def version_of_first(database: str) -> str:
    ((version,),) = fetch(database, "SELECT policy_version::text FROM postbacks WHERE verdict = 'accepted'")
    return str(version)


def test_earlier_rules_are_tried(past: PastLedger, database: str) -> None:
    today, then = past.replay(), past.replay("--rules", version_of_first(database))

    assert (today["rows_to_book"], list(today["drift"]), today["rules"]) == (0, ["accepted → refused"], None)
    assert (then["rows_to_book"], then["drift"], list(then["changes"])) == (1, {}, ["refused → accepted"])
    assert then["rules"] == int(version_of_first(database))


def test_the_table_says_which_rules_it_tries(past: PastLedger, database: str) -> None:
    version = version_of_first(database)

    told = past.cli("replay", "--since", "7h", "--rules", version).out

    assert f"control (rules of version {version}): 1 of 1 booked postback as recorded\n" in told
    assert told.endswith("These rules are only tried, so nothing can be booked by them.\n")


def test_nothing_is_booked_by_rules_that_are_not_in_force(past: PastLedger, database: str) -> None:
    ran = past.cli("replay", "--since", "7h", "--rules", version_of_first(database), "--go", "--yes", "1")

    assert (ran.code, "--rules only tries rules" in ran.err) == (1, True)
    assert fetch(database, "SELECT count(*)::integer FROM replays") == [(0,)]


@pytest.mark.parametrize("version", ["0", "4000000"])
def test_a_version_that_never_was_is_named(past: PastLedger, version: str) -> None:
    ran = past.cli("replay", "--since", "7h", "--rules", version)

    assert (ran.code, f"the policy never had the version {version}" in ran.err) == (1, True)


def test_a_source_that_did_not_exist_then_is_not_believed(past: PastLedger, database: str) -> None:
    before = str(int(version_of_first(database)) - 1)

    assert past.replay("--rules", before)["not_believed"] == {"source not in force": 2}

"""`replay --to sandbox` shows what production would make of stored postbacks, and books nothing."""

import pytest

from postledger.audit.replay import rehearse
from tests.parts.cli import CommandLine
from tests.parts.databases import fetch
from tests.parts.replaying import PastLedger, numbers_of
from tests.parts.sources import add_click

TO_SANDBOX = ("replay", "--since", "7h", "--to", "sandbox")
TABLES = (
    "conversions",
    "postbacks",
    "conversion_events",
    "parked_reversals",
    "outbox",
    "replays",
    "replayed_postbacks",
)
CONVERSIONS = "SELECT transaction_id, status, payout::text FROM sandbox.conversions ORDER BY transaction_id"


@pytest.fixture
def past(cli: CommandLine, database: str) -> PastLedger:
    """A ledger with a booked conversion and its change, a refused one, and a forgery."""
    past = PastLedger(cli)
    past.apply()
    add_click(database, "C1")
    past.get("click_id=C1&transaction_id=T1&payout=2&status=pending")
    past.get("click_id=C1&transaction_id=T1&payout=2")
    past.get("click_id=C2&transaction_id=T2&payout=3")
    past.get("click_id=C1&transaction_id=T3&payout=3", signed=False)
    return past


def rows_of_production(database: str) -> list[object]:
    return [fetch(database, f"SELECT count(*)::integer FROM public.{table}") for table in TABLES]


def test_the_sandbox_books_what_production_would(past: PastLedger, database: str) -> None:
    before = rows_of_production(database)

    table = past.cli(*TO_SANDBOX, "--go", "--yes", "4", "--json").facts

    assert {name: numbers_of(line) for name, line in table["changes"].items()} == {
        "accepted → accepted": (1, 1, {"USD": "2"}),
        "updated → updated": (1, 0, {}),
        "refused → refused": (1, 0, {}),
    }
    assert (table["rows"], table["not_believed"]) == (4, {"missing_signature": 1})
    assert fetch(database, CONVERSIONS) == [("T1", "approved", "2")]
    assert rows_of_production(database) == before


def test_what_it_became_is_traced(past: PastLedger) -> None:
    told = past.cli(*TO_SANDBOX, "--go", "--yes", "4").out

    assert "accepted → accepted     1           +1  +2 USD\n" in told
    assert told.endswith("postledger trace --sandbox TRANSACTION\n")
    assert "T1" in past.cli("trace", "--sandbox", "T1").out


def test_without_go_it_only_counts(past: PastLedger, database: str) -> None:
    counted = past.cli(*TO_SANDBOX)
    wrong = past.cli(*TO_SANDBOX, "--go", "--yes", "3")

    assert counted.out == "4 postbacks. To replay them to sandbox: --go --yes 4\n"
    assert wrong.err.startswith("postledger: 3 is not the number of postbacks to replay; nothing was replayed.")
    assert fetch(database, CONVERSIONS) == []


def test_more_rows_than_the_sandbox_takes_are_refused(past: PastLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rehearse, "MOST_ROWS", 3)

    ran = past.cli(*TO_SANDBOX, "--go", "--yes", "4")

    assert (ran.code, ran.err) == (
        1,
        "postledger: 4 postbacks are too many for the sandbox, which takes 3; select fewer\n",
    )

"""A worker sets aside what cannot be mapped, maps everything else, and maps the rest when it is put back."""

import json

import pytest

from postledger.ledger.writer import write_entries
from tests.parts.cli import CommandLine
from tests.parts.entries import entry_of
from tests.parts.mapping import configure, lines_of, open_ledger
from tests.parts.sources import add_click

UNWELCOME = "6.66"


@pytest.fixture(autouse=True)
def booked(cli: CommandLine, database: str) -> None:
    """Three conversions, of which one has an amount that the table of expense lines refuses."""
    add_click(database, "C1", None, "456")
    configure(cli)
    with open_ledger(database) as ledger:
        ledger.execute(f"ALTER TABLE expense_lines ADD CONSTRAINT unwelcome CHECK (amount <> {UNWELCOME})".encode())
        write_entries(
            ledger,
            [
                entry_of(transaction_id=f"T{number}", payout=payout)
                for number, payout in enumerate(("1", UNWELCOME, "3"))
            ],
        )


def test_the_others_are_mapped_and_the_rest_follows(cli: CommandLine, database: str) -> None:
    first = cli.process("worker", "--once", "--only", "map")

    assert first.code == 0, first.err
    assert {amount for _, amount, *_ in lines_of(database)} == {"1", "3"}
    (row,) = cli("changes", "list", "--json").facts
    assert (row["source"], row["transaction_id"]) == ("acme", "T1")
    assert row["fault"].startswith("CheckViolation at ")
    assert f"set aside: {row['fault']}" in cli("trace", row["receipt"]).out
    assert cli("finance", "check").code == 0
    events = [json.loads(line)["event"] for line in first.err.splitlines()]
    assert events.count("set a change aside") == 1
    assert UNWELCOME not in first.err

    with open_ledger(database) as ledger:
        ledger.execute("ALTER TABLE expense_lines DROP CONSTRAINT unwelcome")
    assert cli("changes", "retry", row["receipt"]).code == 0
    assert cli.process("worker", "--once", "--only", "map").code == 0

    assert {amount for _, amount, *_ in lines_of(database)} == {"1", "3", UNWELCOME}
    assert cli("finance", "check").code == 0
    assert cli("changes", "list", "--json").facts == []

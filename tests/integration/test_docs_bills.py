"""The commands on bills of docs/bills-and-export.md work as printed, and its tables name what there is."""

import re
import shlex
from decimal import Decimal
from typing import get_args

from postledger.finance.bills.list_bills import ShownState
from postledger.finance.rules.bill_amounts import Heading, Items, bill
from tests.parts.cli import CommandLine
from tests.parts.documents import list_code, list_rows, read_document, read_section
from tests.parts.mapping import configure
from tests.parts.payable import book
from tests.parts.sources import add_click

DOCUMENT = read_document("docs/bills-and-export.md")
HEADINGS = ("Make bills", "Read bills", "Cancel a bill")


def test_the_commands_on_bills_work_as_printed(cli: CommandLine, database: str) -> None:
    add_click(database, "C1", None, "456")
    configure(cli)
    book(database, "T1")
    sections = "".join(read_section(DOCUMENT, heading) for heading in HEADINGS)

    for command in re.findall(r"^postledger (.*)$", sections, re.MULTILINE):
        numbers = [row["number"] for row in cli("bills", "list", "--json").facts]
        ran = cli(*shlex.split(command.replace("NUMBER", numbers[0] if numbers else "NUMBER")))
        assert ran.code == 0, (command, ran.err)

    assert [row["state"] for row in cli("bills", "list", "--json").facts] == ["cancelled"]


def test_every_state_of_a_bill_is_named() -> None:
    named = {code for state, _ in list_rows(read_section(DOCUMENT, "Read bills")) for code in list_code(state)}

    assert named == set(get_args(ShownState))


def test_the_example_of_carry_is_right() -> None:
    carry = {Heading("Any"): Decimal(0)}
    for _, *amounts in list_rows(read_section(DOCUMENT, "Rounding and carry")):
        made = bill({Heading("Any"): Items(Decimal("0.012"), 3)}, carry, "USD")
        carry = {line.heading: line.carried_out for line in made.lines}
        assert [made.exact, made.carried_in, made.amount, made.carried_out] == list(map(Decimal, amounts))

"""The commands of docs/discrepancies.md work as printed, in their order, and its tables name what there is."""

import re
import shlex

import pytest

from postledger.platform.postgres.connection import connect
from postledger.reconciliation.rules.work_item import CLASSES, STATES
from tests.parts.cli import CommandLine
from tests.parts.databases import fetch
from tests.parts.documents import ROOT, list_code, list_rows, read_document, read_section
from tests.parts.work_items import write_item

DOCUMENT = read_document("docs/discrepancies.md")
COMMANDS = re.findall(r"^postledger (.*)$", DOCUMENT, re.MULTILINE)


def test_the_commands_of_the_page_work_as_printed(cli: CommandLine, database: str) -> None:
    cli.environment["POSTLEDGER_DEMO_SECRET"] = "a secret of the demo"
    cli("apply", f"{ROOT}/examples/demo.toml")
    cli("user", "add", "mia", "--role", "operator")
    ((source_id,),) = fetch(database, "SELECT id FROM sources WHERE slug = 'demo'")
    with connect(database, name="test", statement_timeout_ms=60_000) as ledger:
        for _ in range(3):
            write_item(ledger, source_id=source_id)
        write_item(ledger, source_id=source_id, item_class="other_period")

    for command in COMMANDS:
        first, _, rest = command.partition(" | ")
        ran = cli(*shlex.split(first))
        assert (ran.code, ran.err) == (0, ""), command
        if rest:  # jq prints the ids for the command after it
            ids = "\n".join(str(row["id"]) for row in ran.facts)
            assert cli(*shlex.split(rest.partition("postledger ")[2]), stdin=ids).code == 0

    states = [row["state"] for row in cli("discrepancies", "list", "--json").facts]
    assert sorted(states) == ["accepted", "disputed", "resolved", "resolved"]
    assert "they report 15.00" in (cli.directory / "case-1.html").read_text("utf-8")
    assert "they report 15.00" not in (cli.directory / "case-1-for-the-network.html").read_text("utf-8")


@pytest.mark.parametrize(("first", "names"), [("class", CLASSES), ("state", STATES)])
def test_every_class_and_state_is_named(first: str, names: tuple[str, ...]) -> None:
    section = read_section(DOCUMENT, "See what is open")
    table = section[section.index(f"| {first} |") :].split("\n\n")[0]

    assert {code for row in list_rows(table) for code in list_code(row[0])} == set(names)

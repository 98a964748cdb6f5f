"""The commands of docs/statements.md work as printed, in their order, on the ledger of the demo."""

import re
import shlex

from postledger.reconciliation.rules.statement_lines import FaultReason
from tests.parts.cli import CommandLine
from tests.parts.documents import ROOT, read_document

DOCUMENT = read_document("docs/statements.md")


def blocks(language: str) -> list[str]:
    """The blocks of the page in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL)


def test_the_commands_of_the_page_work_after_make_up(cli: CommandLine) -> None:
    cli.environment["POSTLEDGER_DEMO_SECRET"] = "s3cret-of-this-machine"
    cli("apply", str(ROOT / "examples/demo.toml"))
    (formats, accounts), (report,), (bank,) = blocks("toml"), blocks("csv"), blocks("mt940")
    for name, content in {
        "formats.toml": formats, "accounts.toml": accounts, "october.csv": report, "bank.sta": bank
    }.items():  # fmt: skip
        cli.write(name, content)

    for block in blocks("bash"):
        for command in block.splitlines():
            if command.startswith("export "):
                name, value = shlex.split(command)[1].split("=", 1)
                cli.environment[name] = value
                continue
            ran = cli(*shlex.split(command.removeprefix("postledger ")))
            assert (ran.code, ran.err) == (0, ""), command

    bank_statement, statement = cli("statement", "list", "--json").facts
    assert (bank_statement["name"], bank_statement["format"], bank_statement["lines"]) == ("main", "mt940", 2)
    assert bank_statement["proof"] == "proven"
    assert (statement["name"], statement["period"], statement["lines"]) == ("demo", "2026-10-01", 3)
    shown = cli("statement", "show", statement["id"], "--json").facts
    assert [(each["status"], each["amount"]) for each in shown["sums"]] == [
        ("approved", "1212.50"), ("reversed", "-12.50")
    ]  # fmt: skip


def test_the_page_names_every_reason_of_a_fault() -> None:
    assert [reason for reason in FaultReason if f"`{reason}`" not in DOCUMENT] == []

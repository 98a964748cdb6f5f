"""The commands of docs/expenses.md work as printed, in their order, on the ledger of the demo."""

import re
import shlex

from tests.parts.cli import CommandLine
from tests.parts.documents import ROOT, read_document

DOCUMENT = read_document("docs/expenses.md")
COMMANDS = re.findall(r"^postledger (.*?)(?: +#.*)?$", DOCUMENT, re.MULTILINE)


def test_the_commands_of_the_page_work_after_make_up(cli: CommandLine) -> None:
    cli.environment["POSTLEDGER_DEMO_SECRET"] = "s3cret-of-this-machine"
    cli("apply", str(ROOT / "examples/demo.toml"))
    (cli.directory / "examples").symlink_to(ROOT / "examples")
    (payees,) = re.findall(r"^```csv\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL)
    cli.write("payees.csv", payees)
    cli.write("eurofxref-hist.csv", "Date,USD,BGN,\n2026-10-30,1.1566,N/A,\n2025-12-31,1.1750,1.9558,\n")

    for command in COMMANDS:
        ran = cli(*shlex.split(command))
        assert (ran.code, ran.err) == (0, ""), command


def test_the_page_shows_a_rule_that_can_be_applied(cli: CommandLine, file: str) -> None:
    (rule,) = re.findall(r"^```toml\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL)
    cli("apply", file)

    ran = cli("apply", cli.write("rule.toml", f'{rule}\n[finance]\nbase_currency = "EUR"\n'))

    assert ran.code == 0
    assert "create  rule      google-ads" in ran.out

"""The commands of docs/approval.md work as printed, in their order, and its tables name what there is."""

import re
import shlex
from typing import get_args

import pytest

from postledger.finance.rules.decision_rule import Reason, State
from postledger.platform.postgres.connection import connect
from tests.parts.cli import CommandLine
from tests.parts.documents import ROOT, list_code, list_rows, read_document, read_section
from tests.parts.waiting_requests import write_request

DOCUMENT = read_document("docs/approval.md")
COMMANDS = re.findall(r"^postledger (.*)$", DOCUMENT, re.MULTILINE)


def test_the_commands_of_the_page_work_as_printed(cli: CommandLine, database: str) -> None:
    cli.environment["POSTLEDGER_DEMO_SECRET"] = "a secret of the demo"
    assert cli("apply", f"{ROOT}/examples/demo.toml").code == 0
    for command in COMMANDS:
        first, _, rest = _name_requests(database, command).partition(" | ")
        ran = cli(*_split(first))
        assert ran.code == 0, (command, ran.err)
        if rest:  # jq prints the ids for the command after it
            ids = [row["id"] for row in ran.facts]
            decided = cli(*_split(rest.partition("postledger ")[2]), stdin="\n".join(ids))
            assert (decided.code, decided.out.count(": approved\n")) == (0, len(ids))


def _split(command: str) -> list[str]:
    return [word.replace("examples/", f"{ROOT}/examples/") for word in shlex.split(command)]


def _name_requests(database: str, command: str) -> str:
    """Put a request in the place of each ID, and have one wait for a command that lists them."""
    with connect(database, name="test", statement_timeout_ms=60_000) as ledger:
        if "jq" in command:
            write_request(ledger)
        return re.sub(r"\bID\b", lambda _: write_request(ledger), command)


@pytest.mark.parametrize(
    ("heading", "names"), [("See what waits", get_args(State)), ("Refused decisions", get_args(Reason))]
)
def test_every_state_and_error_is_named(heading: str, names: tuple[str, ...]) -> None:
    named = {code for row in list_rows(read_section(DOCUMENT, heading)) for code in list_code(row[0])}

    assert named - {"too_many", "key_reused"} == set(names)

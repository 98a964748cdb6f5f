"""The commands of docs/people.md work as printed, in their order, and its tables name what there is."""

import re
import shlex

from postledger.people.user import SCOPES
from tests.parts.cli import CommandLine
from tests.parts.documents import list_code, list_rows, read_document, read_section

DOCUMENT = read_document("docs/people.md")
COMMANDS = re.findall(r"^postledger (.*)$", DOCUMENT, re.MULTILINE)


def test_the_commands_of_the_page_work_as_printed_and_are_recorded(cli: CommandLine, file: str) -> None:
    ran = [cli(*shlex.split(command), stdin="correct horse battery\n") for command in COMMANDS]
    head = cli("audit", "head").out.strip()

    assert [one.err for one in ran if one.code] == []
    assert cli("audit", "verify", "--head", head).code == 0
    assert cli("apply", file).code == 0
    recorded = {entry["action"] for entry in cli("audit", "list", "--json").facts}
    documented = {
        code for action, _ in list_rows(read_section(DOCUMENT, "The audit chain")) for code in list_code(action)
    }
    of_others = {
        "lines.map",
        "lines.judge",
        *(action for action in documented if action.startswith(("bill.", "discrep"))),
    }
    assert recorded == documented - of_others


def test_every_scope_is_named() -> None:
    assert {f"`{scope}`" for scope in SCOPES} <= set(re.findall(r"`\w+`", read_section(DOCUMENT, "Tokens")))

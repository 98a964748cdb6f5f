"""The commands of docs/periods.md work as printed, in their order, and its tables name what there is."""

import re
import shlex
from typing import get_args

import pytest

from postledger.reconciliation.months.blockers import BlockerKind
from postledger.reconciliation.rules.months import MonthState
from tests.parts.cli import CommandLine
from tests.parts.documents import list_code, list_rows, read_document, read_section
from tests.parts.periods import Months

DOCUMENT = read_document("docs/periods.md")
COMMANDS = re.findall(r"^postledger (.*)$", DOCUMENT, re.MULTILINE)


def test_the_commands_of_the_page_work_as_printed(cli: CommandLine, database: str) -> None:
    months = Months(cli, database)

    for command in COMMANDS:
        ran = cli(*shlex.split(command))
        assert ran.code == 0, (command, ran.err)

    assert [each["version"] for each in months.show()["locks"]] == [4, 2]


@pytest.mark.parametrize(
    ("heading", "names"),
    [("Close and lock a month", get_args(MonthState)), ("What keeps a month from being locked", get_args(BlockerKind))],
)
def test_every_state_and_blocker_is_named(heading: str, names: tuple[str, ...]) -> None:
    named = [list_code(row[0])[0] for row in list_rows(read_section(DOCUMENT, heading))]

    assert named == list(names)

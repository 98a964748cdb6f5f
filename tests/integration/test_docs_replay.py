"""The commands of docs/replay.md work as printed, in their order, and its examples are those of the command."""

import re
import shlex

from tests.parts.cli import CommandLine
from tests.parts.documents import read_document
from tests.parts.replaying import PastLedger
from tests.parts.sources import add_click

DOCUMENT = read_document("docs/replay.md")
COMMANDS = re.findall(r"^postledger (.*?)(?: +#.*)?$", DOCUMENT, re.MULTILINE)


def test_the_commands_of_the_page_work_as_printed(cli: CommandLine, database: str) -> None:
    past = PastLedger(cli)
    past.apply()
    for number in range(2):
        past.get(f"click_id=C1&transaction_id=T{number}&payout=1")
    add_click(database, "C1")

    ran = []
    for command in COMMANDS:
        known = cli("replay", "list", "--json").facts
        ran.append(cli(*shlex.split(command.replace(" ID", f" {known[0]['id'] if known else ''}"))))

    assert [(one.code, one.err) for one in ran] == [(0, "")] * len(COMMANDS)
    assert "To book it: --go --yes 2\n" in ran[0].out
    assert re.search(r"^Done: 2 postbacks booked by replay \S+\.$", ran[1].out, re.MULTILINE)
    assert "refused → accepted     2           +2  +2 USD  unknown_click 2" in ran[3].out

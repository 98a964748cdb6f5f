"""The commands that the documentation shows for a network work as printed, with a click id that is known."""

import re
import shlex

from tests.integration.running import environment, running
from tests.parts.cli import CommandLine
from tests.parts.documents import read_document
from tests.parts.waiting import wait_until

__all__ = ["environment", "running"]

DOCUMENT = read_document("docs/networks.md")
WALL = re.search(r'^```toml\n(\[\[sources\]\]\nslug = "wall"\n.*?)^```$', DOCUMENT, re.MULTILINE | re.DOTALL)
SENDS = re.findall(r"^postledger (send wall .*)$", DOCUMENT, re.MULTILINE)
SECRET = {"BITLABS_SECRET": "0123456789abcdef0123456789abcdef"}


def test_the_example_of_a_wall_is_accepted_once_and_then_a_duplicate(cli: CommandLine) -> None:
    assert WALL is not None
    assert SENDS
    operator = CommandLine({**cli.environment, **SECRET}, cli.directory)
    assert operator("apply", operator.write("wall.toml", WALL[1])).code == 0
    command = shlex.split(SENDS[0].replace("CLICK_ID", "known-click"))

    wait_until(lambda: operator(*command).code == 0, what="the edge and the backend know the wall")

    assert "HTTP 200  status=duplicate" in operator(*command).out
    assert "422 unknown_click" in operator(*shlex.split(SENDS[0].replace("CLICK_ID", "U1"))).err

"""A long command that is interrupted says how far it came, and goes on when it is repeated."""

import os
import re
import signal
import subprocess
import sys

import pytest

from postledger.ledger.writer import write_entries
from tests.parts.cli import BACKEND, CommandLine
from tests.parts.databases import fetch
from tests.parts.entries import entry_of
from tests.parts.mapping import configure, map_all, open_ledger
from tests.parts.part import END_WITHIN_S
from tests.parts.sources import add_click
from tests.parts.waiting import wait_until

CONVERSIONS = 300  # at one per second it cannot end by itself before it is interrupted


def test_an_interrupted_backfill_says_how_far_it_came(cli: CommandLine, database: str) -> None:
    add_click(database, "C1", None, "456")
    with open_ledger(database) as ledger:
        for number in range(CONVERSIONS):
            write_entries(ledger, [entry_of(transaction_id=f"T{number}", payout="1")])
    map_all(database)
    configure(cli)

    process = subprocess.Popen(
        [sys.executable, "-m", "postledger", "expenses", "backfill", "--since", "1h", "--rate", "1"],
        cwd=cli.directory,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(BACKEND), **cli.environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_until(lambda: fetch(database, "SELECT count(*) > 1 FROM outbox") == [(True,)])
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=END_WITHIN_S)
    again = cli("expenses", "backfill", "--since", "1h", "--rate", "1000000", "--json").facts

    handed_over = re.fullmatch(
        rf"postledger: interrupted; handed over (\d+) of {CONVERSIONS}; repeat the command to go on\n", err
    )
    assert handed_over, err
    assert (process.returncode, out) == (1, "")
    assert again["conversions"] < CONVERSIONS
    assert fetch(database, "SELECT count(*)::integer FROM outbox") == [(CONVERSIONS,)]


@pytest.mark.parametrize("command", [("expenses", "backfill"), ("forwards", "backfill", "out")])
def test_a_backfill_from_the_future_is_refused(cli: CommandLine, command: tuple[str, ...]) -> None:
    ran = cli(*command, "--since", "2099-01-01")

    assert ran.code == 1
    assert ran.err.startswith("postledger: --since is in the future; write ")

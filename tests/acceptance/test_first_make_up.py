"""The first `make up` of a newcomer, and what `make down` leaves of it."""

import os
import re
import subprocess
import sys

from tests.parts.checkout import Checkout
from tests.parts.databases import fetch
from tests.parts.waiting import wait_until


def test_the_first_up_books_one_signed_postback_and_shows_its_receipt(fresh: Checkout) -> None:
    printed = fresh.up()

    receipt = re.search(r"^receipt +([0-9a-f-]{36})$", printed, re.MULTILINE)
    assert receipt, printed
    url = fresh.runtime()["DATABASE_URL"]
    assert fetch(url, "SELECT id::text, verdict, method FROM postbacks") == [(receipt[1], "accepted", "GET")]
    assert fetch(url, "SELECT event, status, payout::text, currency FROM conversions") == [
        ("sale", "approved", "0.50", "USD")
    ]

    assert_the_example_of_the_books_makes_a_line(fresh)
    assert_down_leaves_the_data_and_no_process(fresh)


def assert_the_example_of_the_books_makes_a_line(checkout: Checkout) -> None:
    for command in (
        ("apply", str(checkout.root / "examples/finance.toml")),
        ("send", "demo", "click_id=C1", "transaction_id=BOOKED", "payout=12.34"),
    ):
        ran = run_postledger(checkout, *command)
        assert ran.returncode == 0, ran.stderr

    query = "SELECT amount::text, currency, category, payee, unmapped FROM expense_lines"
    url = checkout.runtime()["DATABASE_URL"]
    wait_until(lambda: bool(fetch(url, query)), what="the expense line of the worker that make up started")
    assert fetch(url, query) == [("12.34", "USD", "Affiliate Commission — Demo source", "456", None)]


def run_postledger(checkout: Checkout, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command as an operator does after sourcing var/runtime.env."""
    return subprocess.run(
        [sys.executable, "-m", "postledger", *arguments],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(checkout.root / "backend"), **checkout.runtime()},
        capture_output=True,
        text=True,
        check=False,
    )


def assert_down_leaves_the_data_and_no_process(checkout: Checkout) -> None:
    down = checkout.run("down")
    assert down.returncode == 0, down.stdout
    assert checkout.processes() == []
    assert (checkout.var / "postgres" / "PG_VERSION").exists()

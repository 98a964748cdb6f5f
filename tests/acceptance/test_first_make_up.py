"""The first `make up` of a newcomer, and what `make down` and `make clean` leave of it."""

import re

from tests.parts.checkout import Checkout
from tests.parts.databases import fetch


def test_the_first_up_books_one_signed_postback_and_shows_its_receipt(fresh: Checkout) -> None:
    printed = fresh.up()

    receipt = re.search(r"^receipt +([0-9a-f-]{36})$", printed, re.MULTILINE)
    assert receipt, printed
    url = fresh.runtime()["DATABASE_URL"]
    assert fetch(url, "SELECT id::text, verdict, method FROM postbacks") == [(receipt[1], "accepted", "GET")]
    assert fetch(url, "SELECT event, status, payout::text, currency FROM conversions") == [
        ("sale", "approved", "0.50", "USD")
    ]

    assert_down_leaves_no_process_and_clean_no_file(fresh)


def assert_down_leaves_no_process_and_clean_no_file(checkout: Checkout) -> None:
    """The data stays in between."""
    down = checkout.run("down")
    assert down.returncode == 0, down.stdout
    assert checkout.processes() == []
    assert (checkout.var / "postgres" / "PG_VERSION").exists()

    clean = checkout.run("clean")
    assert clean.returncode == 0, clean.stdout
    assert not checkout.var.exists()
    assert not list(checkout.root.rglob("__pycache__"))

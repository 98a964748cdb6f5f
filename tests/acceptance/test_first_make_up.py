"""The first `make up` of a newcomer, and what `make down` leaves of it."""

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

    assert_down_leaves_the_data_and_no_process(fresh)


def assert_down_leaves_the_data_and_no_process(checkout: Checkout) -> None:
    down = checkout.run("down")
    assert down.returncode == 0, down.stdout
    assert checkout.processes() == []
    assert (checkout.var / "postgres" / "PG_VERSION").exists()

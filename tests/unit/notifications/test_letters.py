"""What mails say."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from msgspec.structs import replace

from postledger.notifications.facts import ExportRefused, WaitingRequest
from postledger.notifications.letters import Item, Link, write_amount, write_digest, write_letter

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
REQUEST = WaitingRequest(
    "5f0c", "line", "456", "Affiliate 456", Decimal("100.010000"), "USD", 0, ("manager", "director"), "over-100",
    NOON, b"", None, ["Commission — Spring"],
)  # fmt: skip
LINK = Link("https://console.example/decide", "pld_token", NOON)


def test_a_request_names_what_is_decided() -> None:
    letter = write_letter(Item(REQUEST, link=LINK))

    assert letter.subject == "Approval waits: Affiliate 456 (456)"
    for told in (
        "What:     a conversion's commission", "Payee:    Affiliate 456 (456)", "Category: Commission — Spring",
        "Amount:   100.01 USD", "Step:     1 of 2, manager", "Rule:     over-100", "Since:    2026-11-30 12:00 UTC",
        "https://console.example/decide#pld_token\n", "enter this code at https://console.example/decide:\npld_token\n",
    ):  # fmt: skip
        assert told in letter.text


def test_a_request_without_a_console_names_the_command() -> None:
    letter = write_letter(Item(REQUEST))

    assert "decide#" not in letter.text
    assert "postledger approvals show 5f0c" in letter.text


def test_a_changed_payee_has_no_amount() -> None:
    changed = replace(REQUEST, subject="payee_change", amount=None, currency=None, categories=None)

    text = write_letter(Item(changed)).text

    assert "What:     a new or changed payee" in text
    assert "Amount" not in text
    assert "None" not in text


def test_a_bill_is_named_by_its_number() -> None:
    assert "a bill, B-7" in write_letter(Item(replace(REQUEST, subject="bill", bill="B-7"))).text


def test_a_line_break_in_a_name_begins_no_line() -> None:
    letter = write_letter(Item(replace(REQUEST, payee_name="Eve\r\nBcc: eve@example.com")))

    assert letter.subject == "Approval waits: Eve  Bcc: eve@example.com (456)"
    assert "\nBcc" not in letter.text


def test_many_categories_are_cut() -> None:
    many = replace(REQUEST, categories=[f"C{number}" for number in range(9)])

    assert "C0, C1, C2, C3, C4, 4 more" in write_letter(Item(many)).text


def test_a_refusal_says_no_amount_and_no_words() -> None:
    letter = write_letter(Item(ExportRefused("id", "tryton", "B-7")))

    assert letter.subject == "Export refused: B-7 by tryton"
    assert "postledger export retry" in letter.text


def test_a_digest_counts_what_it_leaves_out() -> None:
    letter = write_digest([Item(REQUEST, link=LINK)], 30, "mia")

    assert letter.subject == "Postledger: 30 notifications"
    assert "Affiliate 456 (456), a conversion's commission, 100.01 USD, manager\nhttps://" in letter.text
    assert "And 29 more." in letter.text


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        ("150", "150.00"),
        ("0.500000", "0.50"),
        ("0.0045", "0.0045"),
        ("1E+3", "1000.00"),
        ("99999.123456", "99999.123456"),
    ],
)
def test_an_amount_has_all_its_digits(amount: str, shown: str) -> None:
    assert write_amount(Decimal(amount), "USD") == f"{shown} USD"

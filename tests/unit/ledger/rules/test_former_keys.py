"""A postback belongs to the conversion that was booked under its former key, if that is certain or the money is its."""

from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from postledger.ledger.rules.former_keys import Booked, choose_key
from postledger.vocabulary.conversion_event import Event, FormerKey
from tests.parts.entries import entry_of

FIVE = Booked("C1", Decimal(5), "USD")


def event(*, is_certain: bool, **fields: Any) -> Event:
    made = entry_of(**fields).event
    assert made is not None
    return replace(made, dedup_key="new", former_keys=(FormerKey("old", is_certain),))


def test_a_former_key_without_a_conversion_changes_nothing() -> None:
    assert choose_key(event(is_certain=True), {}) == "new"
    assert choose_key(event(is_certain=True), {"new": FIVE}) == "new"


@pytest.mark.parametrize("payout", ["5", "6"])
def test_a_certain_former_key_names_the_conversion(payout: str) -> None:
    assert choose_key(event(is_certain=True, payout=payout), {"old": FIVE}) == "old"


@pytest.mark.parametrize(
    ("fields", "chosen"),
    [
        ({"payout": "5"}, "old"),
        ({}, "old"),
        ({"payout": "-5", "status": "reversed"}, "old"),
        ({"payout": "6"}, "new"),
        ({"payout": "5", "currency": "EUR"}, "new"),
        ({"payout": "5", "click_id": "C2"}, "new"),
    ],
)
def test_an_uncertain_former_key_needs_the_same_click_and_money(fields: dict[str, str], chosen: str) -> None:
    assert choose_key(event(is_certain=False, **fields), {"old": FIVE}) == chosen


def test_a_conversion_under_the_present_key_goes_before_an_uncertain_one() -> None:
    assert choose_key(event(is_certain=False, payout="5"), {"old": FIVE, "new": FIVE}) == "new"

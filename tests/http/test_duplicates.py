"""Policies for duplicates over HTTP: what the second postback for a key is answered, and what the ledger then says."""

from decimal import Decimal
from typing import Any

import pytest

from tests.http.conftest import Service
from tests.parts.sender import Sender
from tests.parts.sources import add_source

EVENTS = {"rebill": {"duplicates": "every"}, "lead": {"duplicates": "first"}, "upsell": {"key": "click"}}
SHOP = Sender("shop")


@pytest.fixture(scope="module")
def shop(service: Service, master_key: str) -> Service:
    settings: dict[str, Any] = {"click": "optional", "duplicates": "correct", "events": EVENTS}
    add_source(service.database, master_key, "shop", settings=settings)
    service.backend.wait_for_source("shop")
    return service


def answers(shop: Service, *postbacks: dict[str, str]) -> list[str | None]:
    """The verdict, or the reason, of each postback of this source in its order."""
    found = [shop.send(SHOP.get(fields)) for fields in postbacks]
    return [answer.reason or answer.status for answer in found]


def test_a_corrected_payout_is_an_update_and_its_difference_is_kept(shop: Service, unique: str) -> None:
    first, second = ({"click_id": "C", "transaction_id": unique, "payout": payout} for payout in ("10", "8.50"))

    assert answers(shop, first, second, second, first) == ["accepted", "updated", "duplicate", "duplicate"]
    assert shop.fetch(
        "SELECT conversions.payout, delta FROM conversions JOIN conversion_events USING (dedup_key)"
        " WHERE conversions.transaction_id = %s",
        unique,
    ) == [(Decimal("8.50"), Decimal("-1.50"))]


def test_each_rebill_is_a_conversion_and_an_id_brought_again_is_not(shop: Service, unique: str) -> None:
    rebill = {"click_id": unique, "event": "rebill", "payout": "5"}
    named = rebill | {"transaction_id": unique}

    assert answers(shop, rebill, rebill, named, named) == ["accepted", "accepted", "accepted", "duplicate"]
    assert shop.fetch("SELECT count(*) FROM conversions WHERE click_id = %s", unique) == [(3,)]


def test_under_first_a_repeat_is_a_duplicate_whatever_it_says(shop: Service, unique: str) -> None:
    lead = {"click_id": "C", "transaction_id": unique, "event": "lead", "payout": "1"}

    assert answers(shop, lead, lead | {"payout": "2"}, lead | {"status": "reversed"}) == [
        "accepted",
        "duplicate",
        "duplicate",
    ]


def test_by_click_another_transaction_of_the_click_is_the_same_conversion(shop: Service, unique: str) -> None:
    upsell = {"click_id": unique, "event": "upsell", "payout": "1"}

    assert answers(shop, upsell | {"transaction_id": "A"}, upsell | {"transaction_id": "B"}) == [
        "accepted",
        "duplicate",
    ]


def test_more_cannot_be_taken_back_than_there_is(shop: Service, unique: str) -> None:
    sale = {"click_id": "C", "transaction_id": unique, "payout": "10"}
    back = sale | {"status": "reversed"}

    assert answers(shop, sale, back | {"payout": "-4"}, back | {"payout": "-7"}, back | {"payout": "-6"}) == [
        "accepted",
        "updated",
        "conflict",
        "updated",
    ]

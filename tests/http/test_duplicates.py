"""Policies for duplicates over HTTP: what the second postback for a key is answered, and what the ledger then says."""

import time
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


def test_each_rebill_is_a_conversion_and_the_same_request_or_id_again_is_not(shop: Service, unique: str) -> None:
    rebill = {"click_id": unique, "event": "rebill", "payout": "5"}
    named = rebill | {"transaction_id": unique}
    now_s = time.time()
    first, second = (SHOP.get(rebill, now_s - ago_s) for ago_s in (60, 0))

    told = [shop.send(postback).status for postback in (first, first, second, second, first)]

    assert told == ["accepted", "duplicate", "accepted", "duplicate", "duplicate"]
    assert answers(shop, named, named) == ["accepted", "duplicate"]
    assert shop.fetch("SELECT count(*), sum(payout) FROM conversions WHERE click_id = %s", unique) == [(3, 15)]


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


def test_a_refund_with_an_id_of_its_own_points_to_what_it_takes_back(shop: Service, unique: str) -> None:
    sale = {"click_id": "C", "transaction_id": unique, "payout": "10"}
    refund = {"click_id": "C", "transaction_id": f"{unique}-R1", "reverses": unique, "payout": "-2"}
    second = refund | {"transaction_id": f"{unique}-R2", "status": "reversed"}

    assert answers(shop, sale, refund, refund, second) == ["accepted", "updated", "duplicate", "updated"]
    assert shop.fetch("SELECT payout FROM conversions WHERE transaction_id = %s", unique) == [(Decimal(6),)]
    assert shop.fetch(
        "SELECT conversion_events.transaction_id, delta, reverses = conversions.id FROM conversions"
        " JOIN conversion_events USING (dedup_key) WHERE conversions.transaction_id = %s ORDER BY 1",
        unique,
    ) == [(f"{unique}-R1", Decimal(-2), True), (f"{unique}-R2", Decimal(-2), True)]


def test_what_reverses_must_say_that_it_does(shop: Service, unique: str) -> None:
    answer = shop.send(SHOP.get({"click_id": "C", "transaction_id": "R", "reverses": unique, "status": "approved"}))

    assert (answer.code, answer.reason, answer.parameter) == (400, "invalid_parameter", "reverses")


def test_a_reversal_that_comes_before_its_sale_is_known_by_the_sale(shop: Service, unique: str) -> None:
    early = {"click_id": "C", "transaction_id": f"{unique}-R", "reverses": unique, "payout": "-5"}
    sale = {"click_id": "C", "transaction_id": unique, "payout": "5"}

    assert answers(shop, early, sale, early) == ["accepted", "conflict", "duplicate"]
    assert shop.fetch("SELECT status, payout FROM conversions WHERE transaction_id = %s", unique) == [
        ("reversed", Decimal(5))
    ]


def test_beyond_the_guard_a_reversal_is_taken_and_not_booked(shop: Service, master_key: str, unique: str) -> None:
    add_source(shop.database, master_key, "careful-shop", settings={"click": "optional", "reversal_guard": 2})
    shop.backend.wait_for_source("careful-shop")
    careful = Sender("careful-shop")
    sales = [{"click_id": "C", "transaction_id": f"{unique}-{number}", "payout": "1"} for number in range(3)]
    for fields in sales:
        shop.send(careful.get(fields))

    told = [shop.send(careful.get(fields | {"status": "reversed"})) for fields in (*sales, sales[2])]

    assert [(answer.code, answer.status) for answer in told] == [
        (200, "updated"),
        (200, "updated"),
        (202, "parked"),
        (200, "duplicate"),
    ]
    assert shop.audit_row(told[2].receipt) == ("parked", None, None)
    assert shop.counted('postledger_postbacks_total{source="careful-shop",verdict="parked"}') == [1]
    assert shop.fetch("SELECT status FROM conversions WHERE transaction_id = %s", f"{unique}-2") == [("approved",)]


def test_another_click_under_a_known_transaction_is_a_conflict_on_record(service: Service, unique: str) -> None:
    first = service.send(SHOP.get({"click_id": "C1", "transaction_id": unique, "payout": "12.50"}))
    other = service.send(SHOP.get({"click_id": "C2", "transaction_id": unique, "payout": "12.50"}))

    assert (first.status, other.code, other.reason, other.cause) == ("accepted", 409, "conflict", "other_click")
    row = service.fetch("SELECT reason, cause, conversion_id::text FROM postbacks WHERE id = %s", other.receipt)
    assert row == [("conflict", "other_click", first.receipt)]

"""Damaged names: what the rules make of them, and of parameters inside a value."""

import pytest

from postledger.decoding.damaged_names import (
    TIDY,
    compile_alike,
    compile_swallowed,
    has_alike,
    list_swallowed,
    list_tidy,
    tidy,
)

KNOWN = {name: name for name in ("click_id", "payout", "currency", "timestamp", "notify_url", "sub1", "copy")}
SWALLOWED = compile_swallowed(KNOWN)


@pytest.mark.parametrize(
    "name",
    ["PAYOUT", " payout", "payout ", "\ufeffpayout", "\u00a0payout", "amp;payout", "amp;amp;payout", "payout[]",
     "payout[0]", "Amp;Payout[]", "#038;payout", "pay out", "?payout", "&payout", "&amp;payout", ";payout", "payout=50",
     "%70ayout", "payout%5B%5D", "amp%3Bpayout", "payout%3D50", "payout[", "payout]", "payout.",
     "payout:", "payout:=", '"payout"', "'payout'", "`payout`", "“payout”", "payout\0", '"payout"='],
)  # fmt: skip
def test_a_damaged_name_becomes_the_known_one(name: str) -> None:
    assert not TIDY.fullmatch(name)
    assert list_tidy(KNOWN)[tidy(name)] == "payout"


@pytest.mark.parametrize("name", ["payouts", "my_payout", "payout2", "amppayout", "utm_source", "x?payout", "", "?"])
def test_another_name_stays_another(name: str) -> None:
    assert tidy(name) not in list_tidy(KNOWN)


def test_what_html_makes_of_a_known_name_is_known() -> None:
    names = list_tidy(KNOWN)

    assert (names["¤cy"], names["×tamp"], names["¬ify_url"], names["©"]) == (
        "currency", "timestamp", "notify_url", "copy",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("A?payout=12.5", "payout"), ("A&payout=50", "payout"), ("A;payout=50", "payout"), ("A,payout=50", "payout"),
        ("A&amp;payout=50", "payout"), ("A&#038;payout=50", "payout"), ("A%26payout%3D50", "payout"),
        ("A payout=50", "payout"), ("A¤cy=USD", "¤cy"), ("A×tamp=1", "×tamp"), ("A©=1", "©"), ("A?PAYOUT=1", "payout"),
        ("A&payout[]=1", "payout"), ("A& payout =1", "payout"), ("A?x=1&sub1=y", "sub1"),
    ],
)  # fmt: skip
def test_a_parameter_inside_a_value_is_found(value: str, name: str) -> None:
    assert next(list_swallowed(value, SWALLOWED)) == name


@pytest.mark.parametrize("value", ["payout=1", "A?payouts=1", "A-payout=1", "A&payout", "A¤cyan=1", "QUJD==", "x%3D1"])
def test_a_value_without_one_is_left_alone(value: str) -> None:
    assert list(list_swallowed(value, SWALLOWED)) == []


ALIKE = compile_alike(["payout", "amount_usd"], "payouts")


@pytest.mark.parametrize(
    "name",
    ["pay_out", "pay-out", "payouts", "Pay_Outs", "data[payout]", "data[pay_out]", "[payout]", "offer.payout",
     "a/payout", "data[0][payout]", "conversion:payout", "payout..", "payout_", "amountUsd", "data[amount_usd]"],
)  # fmt: skip
def test_a_name_that_resembles_one_of_the_payout_is_found(name: str) -> None:
    assert has_alike(f"utm_source&{name}&x", ALIKE)


@pytest.mark.parametrize(
    "name",
    ["my_payout", "payout2", "payout_currency", "default_payout", "payout[currency]", "offer.payout.type", "amount", "",
     "payouts_total", "usd", "[]", "выплата", "_", "%payout%", "$payout"],
)  # fmt: skip
def test_a_name_of_something_else_resembles_none(name: str) -> None:
    assert not has_alike(f"{name}&x", ALIKE)

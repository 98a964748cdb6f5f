"""A bill is rounded once, and what is left over is carried: no fraction of a cent is lost or made."""

from collections.abc import Sequence
from decimal import Context, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postledger.finance.rules.bill_amounts import BillAmounts, Heading, Items, add, bill, find_minor_unit

SPRING, SUMMER, AUTUMN = Heading("Spring", "6010"), Heading("Summer", "6010"), Heading("Autumn", None, "V19")
HEADINGS = (SPRING, SUMMER, AUTUMN)
CURRENCIES = st.sampled_from(["USD", "JPY", "KWD", "XAU"])
EXACT = Context(prec=200)
MONTHS = 1000


def items_of(*amounts: str, heading: Heading = SPRING) -> dict[Heading, Items]:
    """Expense lines of one heading."""
    return {heading: Items(add(map(Decimal, amounts)), len(amounts))}


def carry_of(amounts: BillAmounts) -> dict[Heading, Decimal]:
    """What a bill carries on, by heading."""
    return {line.heading: line.carried_out for line in amounts.lines}


def told(amounts: BillAmounts) -> tuple[str, str, str, str]:
    """Exact sum, carried in, amount, carried out."""
    return f"{amounts.exact}", f"{amounts.carried_in}", f"{amounts.amount}", f"{amounts.carried_out}"


def test_sub_cents_are_rounded_once_and_the_rest_is_carried() -> None:
    first = bill(items_of("0.004", "0.004", "0.004"), {}, "USD")
    second = bill(items_of("0.004"), carry_of(first), "USD")

    assert told(first) == ("0.012", "0", "0.01", "0.002")
    assert told(second) == ("0.004", "0.002", "0.01", "-0.004")


@pytest.mark.parametrize(
    ("currency", "amount", "rounded"),
    [("USD", "37.0368", "37.04"), ("JPY", "37.5", "38"), ("KWD", "37.0368", "37.037"), ("CLF", "1.00004", "1.0000")],
)
def test_a_currency_has_its_own_minor_unit(currency: str, amount: str, rounded: str) -> None:
    assert f"{bill(items_of(amount), {}, currency).amount}" == rounded


def test_the_lines_with_the_largest_remainders_are_rounded_up() -> None:
    thirds = {heading: Items(Decimal("0.3333"), 1) for heading in (SPRING, SUMMER)} | items_of("0.334", heading=AUTUMN)

    amounts = bill(thirds, {}, "USD")

    assert f"{amounts.amount}" == "1.00"
    assert [(line.heading.category, f"{line.amount}") for line in amounts.lines] == [
        ("Autumn", "0.34"),
        ("Spring", "0.33"),
        ("Summer", "0.33"),
    ]


def test_a_sum_under_the_minimum_is_carried_with_its_headings() -> None:
    first = bill(items_of("49.99"), {}, "USD", Decimal(50))
    second = bill(items_of("0.01", heading=SUMMER), carry_of(first), "USD", Decimal(50))

    assert told(first) == ("49.99", "0", "0.00", "49.99")
    assert told(second) == ("0.01", "49.99", "50.00", "0.00")
    assert [(line.heading, f"{line.amount}", line.items) for line in second.lines] == [
        (SPRING, "49.99", 0),
        (SUMMER, "0.01", 1),
    ]


def test_a_negative_sum_is_carried_until_it_is_made_up_for() -> None:
    first = bill(items_of("-60"), {}, "USD")
    second = bill(items_of("100"), carry_of(first), "USD")

    assert told(first) == ("-60", "0", "0.00", "-60.00")
    assert told(second) == ("100", "-60.00", "40.00", "0.00")


def test_a_refund_of_another_heading_is_a_negative_line() -> None:
    amounts = bill(items_of("100.004") | items_of("-30.004", heading=SUMMER), {}, "USD")

    assert [f"{line.amount}" for line in amounts.lines] == ["100.00", "-30.00"]
    assert f"{amounts.amount}" == "70.00"


def test_what_was_carried_and_paid_leaves_no_line() -> None:
    assert bill({}, {SPRING: Decimal("0.00")}, "USD").lines == ()


def test_a_long_sum_is_exact() -> None:
    amounts = bill(items_of("123456789012345678901234567890.123456789012345678", "0.000000000000000001"), {}, "USD")

    assert told(amounts)[2:] == ("123456789012345678901234567890.12", "0.003456789012345679")


MONEY = st.decimals(min_value=-200, max_value=200, places=8)
MONTH = st.dictionaries(st.sampled_from(HEADINGS), st.builds(Items, MONEY, st.just(1)), max_size=3)


def check(months: Sequence[dict[Heading, Items]], currency: str, minimum: Decimal | None) -> None:
    """Bill months one after the other, and check each bill and all of them together."""
    unit, carry, bills, total = find_minor_unit(currency), dict[Heading, Decimal](), list[BillAmounts](), Decimal(0)
    for month in months:
        amounts = bill(month, carry, currency, minimum)
        assert amounts.carried_in == add(carry.values())
        assert amounts.amount == add(line.amount for line in amounts.lines)
        assert EXACT.add(amounts.exact, amounts.carried_in) == EXACT.add(amounts.amount, amounts.carried_out)
        assert amounts.amount >= 0
        assert EXACT.remainder(amounts.amount, unit) == 0
        assert not amounts.amount or minimum is None or amounts.amount >= minimum
        if amounts.amount:
            assert abs(amounts.carried_out) * 2 <= unit
            assert all(abs(line.carried_out) < unit for line in amounts.lines)
        carry, total = carry_of(amounts), EXACT.add(total, amounts.exact)
        bills.append(amounts)
    assert EXACT.add(add(each.amount for each in bills), add(carry.values())) == total


@given(st.lists(MONTH, min_size=1, max_size=20), CURRENCIES, st.none() | st.decimals(0, 300, places=2))
def test_bills_and_carry_sum_to_what_was_billed(
    months: list[dict[Heading, Items]], currency: str, minimum: Decimal | None
) -> None:
    check(months, currency, minimum)


@given(MONTH, MONTH, CURRENCIES)
def test_nothing_is_lost_in_a_thousand_months(
    month: dict[Heading, Items], other: dict[Heading, Items], currency: str
) -> None:
    check([month, other] * (MONTHS // 2), currency, None)

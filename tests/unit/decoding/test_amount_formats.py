"""Amounts in the formats that a source allows; ambiguous ones are refused."""

from collections.abc import Sequence
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postledger.decoding.amount_formats import AMOUNT_FORMS, AmountForm, check_forms, compile_amount
from postledger.vocabulary.refusal import Reason, Refusal, Refused

MONEY = st.decimals(min_value=0, max_value=Decimal("999999999999.99"), places=2)


def read(forms: Sequence[AmountForm], value: str, currency: str = "USD") -> str:
    reader = compile_amount(forms)
    assert reader is not None
    return str(reader(value, currency))


@pytest.mark.parametrize(
    ("forms", "value", "currency", "amount"),
    [
        (["comma"], "12,50", "EUR", "12.50"),
        (["comma"], "12", "EUR", "12"),
        (["comma"], "-0,5", "EUR", "-0.5"),
        (["minor-units"], "1250", "USD", "12.50"),
        (["minor-units"], "1250", "JPY", "1250"),
        (["minor-units"], "1250", "KWD", "1.250"),
        (["minor-units"], "-5", "USD", "-0.05"),
        (["comma"], "12,5000000", "EUR", "12.500000"),
        (["float"], "0.30000000000000004", "USD", "0.3"),
        (["float"], "-0.30000000000000004", "USD", "-0.3"),
        (["float"], "12.500000499999999", "USD", "12.5"),
        (["float"], "12.5000005", "USD", "12.500001"),
        (["float"], "100", "USD", "100"),
        (["float"], "1e-05", "USD", "0.00001"),
        (["float"], "1.5E+3", "USD", "1500"),
        (["float"], "1e-7", "USD", "0"),
        (["float", "symbol"], "$0.1000000000000000055", "USD", "0.1"),
        (["symbol"], "$12.50", "USD", "12.50"),
        (["symbol"], "$ 12.50", "CAD", "12.50"),
        (["symbol"], "12.50\u00a0€", "EUR", "12.50"),
        (["symbol"], "USD 12.50", "USD", "12.50"),
        (["symbol"], "12.50usd", "USD", "12.50"),
        (["symbol"], "-$12.50", "USD", "-12.50"),
        (["symbol"], "$-12.50", "USD", "-12.50"),
        (["symbol"], "R$12.50", "BRL", "12.50"),
        (["symbol"], "12.50", "USD", "12.50"),
        (["symbol", "comma"], "12,50 €", "EUR", "12.50"),
        (["minor-units", "symbol"], "1250 kr", "SEK", "12.50"),
        (["trailing-separator"], "12.5,", "USD", "12.5"),
        (["trailing-separator"], ",3", "USD", "3"),
        (["trailing-separator"], "3;", "USD", "3"),
        (["trailing-separator", "minor-units"], "300,", "USD", "3.00"),
        (["symbol", "trailing-separator"], "$3,", "USD", "3"),
    ],
)
def test_a_habit_is_read_where_it_is_allowed(
    forms: Sequence[AmountForm], value: str, currency: str, amount: str
) -> None:
    assert read(forms, value, currency) == amount


@pytest.mark.parametrize(
    ("forms", "value", "currency"),
    [
        (["comma"], "12.50", "EUR"),
        (["comma"], "1.234,50", "EUR"),
        (["comma"], "1,234,50", "EUR"),
        (["comma"], ",5", "EUR"),
        (["comma"], "12,", "EUR"),
        (["comma"], "12,5000001", "EUR"),
        (["comma"], "12,50 €", "EUR"),
        (["float"], "1e12", "USD"),
        (["float"], "999999999999.9999999", "USD"),
        (["float"], "1e99", "USD"),
        (["float"], "NaN", "USD"),
        (["float"], "inf", "USD"),
        (["float"], ".3", "USD"),
        (["float"], "0,3", "USD"),
        (["minor-units"], "12.50", "USD"),
        (["minor-units"], "1250000000000", "USD"),
        (["minor-units"], "1250", "XAU"),
        (["symbol"], "€12.50", "USD"),
        (["symbol"], "$12.50", "EUR"),
        (["symbol"], "EUR 12.50", "USD"),
        (["symbol"], "$12.50$", "USD"),
        (["symbol"], "-$-12.50", "USD"),
        (["symbol"], "$$12.50", "USD"),
        (["symbol"], "$  12.50", "USD"),
        (["symbol"], "12,50", "USD"),
        (["symbol"], "1e3", "USD"),
        (["symbol"], "$", "USD"),
        (["trailing-separator"], "12.5,3", "USD"),
        (["trailing-separator"], ",3,", "USD"),
        (["trailing-separator"], ",", "USD"),
        (["trailing-separator"], "12.5,,", "USD"),
    ],
)
def test_an_ambiguous_or_unlisted_amount_is_refused(forms: Sequence[AmountForm], value: str, currency: str) -> None:
    with pytest.raises(Refused) as caught:
        read(forms, value, currency)

    assert caught.value.refusal == Refusal(Reason.INVALID_PARAMETER, "payout")


def test_the_plain_form_needs_no_reader_of_its_own() -> None:
    assert compile_amount([]) is None
    assert compile_amount(["plain"]) is None


@pytest.mark.parametrize(
    "forms",
    [
        ["comma", "minor-units"],
        ["plain", "comma"],
        ["comma", "trailing-separator"],
        ["minor-units", "plain"],
        ["float", "plain"],
    ],
)
def test_forms_that_contradict_each_other_are_refused(forms: Sequence[AmountForm]) -> None:
    with pytest.raises(ValueError, match="cannot be combined"):
        check_forms(forms)


@given(MONEY)
def test_every_amount_format_gives_the_same_amount(amount: Decimal) -> None:
    plain = str(amount)
    written: list[tuple[list[AmountForm], str]] = [
        (["comma"], plain.replace(".", ",")),
        (["symbol"], f"${plain}"),
        (["trailing-separator"], f"{plain},"),
    ]
    minor = plain.replace(".", "")
    if len(minor) <= 12:
        written.append((["minor-units"], minor))

    assert {Decimal(read(forms, value)) for forms, value in written} == {amount}


@given(st.text(max_size=20), st.lists(st.sampled_from(AMOUNT_FORMS), max_size=3), st.sampled_from(["USD", "XAU"]))
def test_no_text_crashes_a_reader(value: str, forms: list[AmountForm], currency: str) -> None:
    reader = compile_amount(forms)

    try:
        amount = reader(value, currency) if reader else Decimal(0)
    except Refused:
        return

    assert amount.is_finite()

"""What a match writes off beyond the tolerances: 25.00 or 0.5 % as a fee, at most a quarter, 1 % as a rate, a cent."""

from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from postledger.reconciliation.rules.matching.subjects import Part, PartName, Terms
from postledger.reconciliation.rules.matching.written_off import measure_write_off
from tests.parts.bank_lines import FEE, line_of

RATED = msgspec.structs.replace(FEE, rates={("USD", date(2026, 10, 1)): Decimal("0.90")})
IN_DOLLARS: dict[str, Any] = {"instructed_amount": Decimal(100), "instructed_currency": "USD", "rate": Decimal("0.80")}


def pays(amount: str, applied: str | None = None, currency: str = "EUR") -> Part:
    """A payment of a bill."""
    return Part("payment", Decimal(amount), "b1", "bill", Decimal(applied or amount.lstrip("-")), currency)


def rest(name: PartName, amount: str) -> Part:
    """A part that pays nothing."""
    return Part(name, Decimal(amount))


CASES: dict[str, tuple[str, tuple[Part, ...], dict[str, Any], str]] = {
    "all is paid": ("-100", (pays("-100"),), {}, "0"),
    "a bare fee": ("-10", (rest("fee", "-10"),), {}, "10"),
    "a bare fee that the bank names": ("-10", (rest("fee", "-10"),), {"fee": Decimal(10)}, "10"),
    "the largest fee": ("-125", (pays("-100"), rest("fee", "-25")), {}, "0"),
    "a cent more": ("-125.01", (pays("-100"), rest("fee", "-25.01")), {}, "25.01"),
    "half a percent": ("-10050", (pays("-10000"), rest("fee", "-50")), {}, "0"),
    "what they got less": ("-80", (pays("-100"), rest("fee", "20")), {}, "0"),
    "more than a quarter": ("-50.01", (pays("-40"), rest("fee", "-10.01")), {}, "10.01"),
    "of two bills": ("-65", (pays("-40"), pays("-40"), rest("fee", "15")), {}, "0"),
    "a fee that the bank names": ("-50", (pays("-20"), rest("fee", "-30")), {"fee": Decimal(30)}, "0"),
    "what the bank says was sent": (
        "60", (pays("90"), rest("fee", "-30")), {"instructed_amount": Decimal(90), "instructed_currency": "EUR"}, "0"
    ),
    "more than was sent": ("101", (pays("100"), rest("fee", "1")), {}, "1"),
    "a payment that came back": ("90", (pays("100", "-100"), rest("fee", "-10")), {}, "0"),
    "a fee that came back too": ("110", (pays("100", "-100"), rest("fee", "10")), {}, "0"),
    "a payment that came back without most": ("50", (pays("100", "-100"), rest("fee", "-50")), {}, "50"),
    "two cents": ("-100.02", (pays("-100"), rest("rounding", "-0.02")), {}, "0.02"),
    "two kinds": ("-160", (pays("-100"), rest("fee", "-30"), rest("rounding", "-30")), {}, "60"),
    "unapplied": ("-160", (pays("-100"), rest("unapplied", "-60")), {}, "0"),
    "the rate of the day": ("-90", (pays("-90", "100", "USD"),), {}, "0"),
    "a percent and a cent": ("-90.91", (pays("-90.91", "100", "USD"),), {}, "0"),
    "a rate beyond": ("-90.92", (pays("-90.92", "100", "USD"),), {}, "0.92"),
    "a rate beyond as a part": ("-95", (pays("-90", "100", "USD"), rest("fx", "-5")), {}, "5"),
    "the rate of the bank": ("-80", (pays("-80", "100", "USD"),), IN_DOLLARS, "0"),
    "less than the bank sent": ("-80", (pays("-8", "10", "USD"), rest("fx", "-72")), IN_DOLLARS, "72"),
    "no rate": ("-50", (pays("-50", "60", "CHF"),), {}, "50"),
    "a rate of euros": ("-100.50", (pays("-100"), rest("fx", "-0.50")), {}, "0.50"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_exceeds_its_tolerance_is_written_off(case: str) -> None:
    amount, parts, fields, written_off = CASES[case]
    assert sum(part.amount for part in parts) == Decimal(amount)

    assert measure_write_off(line_of(1, amount, **fields), parts, RATED) == Decimal(written_off)


def test_without_tolerances_only_a_cent_is_left() -> None:
    parts = (pays("-100"), rest("fee", "-0.01"))

    assert measure_write_off(line_of(1, "-100.01"), parts, Terms()) == Decimal("0.01")
    assert not measure_write_off(line_of(1, "-100.01"), (parts[0], rest("rounding", "-0.01")), Terms())

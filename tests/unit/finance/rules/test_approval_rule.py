"""The rules of approval: which of them counts, and whether it asks people."""

from decimal import Decimal

import pytest

from postledger.finance.rules.approval_rule import ApprovalRule, Choice, Total, choose

OVER_100 = ApprovalRule("over-100", "line", ("manager",), {"USD": Decimal("100.00"), "EUR": Decimal("90.00")})
OVER_1000 = ApprovalRule("over-1000", "line", ("manager", "director"), {"USD": Decimal(1000)})
A_DAY = ApprovalRule("a-day", "payee_day", ("manager",), {"EUR": Decimal(1000)})
PAYEES = ApprovalRule("payees", "payee_change", ("manager",))
RULES = [OVER_100, OVER_1000, A_DAY, PAYEES]


def usd(amount: str) -> Total:
    """An amount in USD, at 2 USD for an EUR."""
    return Total(Decimal(amount), "USD", Decimal(amount) / 2, "EUR")


def gbp(amount: str, base_amount: str | None, base_currency: str | None = "EUR") -> Total:
    """An amount in a currency without a threshold."""
    return Total(Decimal(amount), "GBP", None if base_amount is None else Decimal(base_amount), base_currency)


def test_the_threshold_itself_is_approved_by_the_rule() -> None:
    assert choose([OVER_100], "line", usd("100.00")) == Choice(OVER_100, asks_people=False)


def test_a_cent_above_the_threshold_asks_people() -> None:
    assert choose([OVER_100], "line", usd("100.01")) == Choice(OVER_100, asks_people=True)


def test_the_smallest_part_above_the_threshold_asks_people() -> None:
    assert choose([OVER_100], "line", usd("100.0000000001")) == Choice(OVER_100, asks_people=True)


@pytest.mark.parametrize(("base_amount", "asks_people"), [("90.00", False), ("90.01", True)])
def test_a_currency_without_threshold_goes_by_the_base_amount(base_amount: str, *, asks_people: bool) -> None:
    assert choose([OVER_100], "line", gbp("5000", base_amount)) == Choice(OVER_100, asks_people)


def test_people_decide_without_threshold_and_without_rate() -> None:
    assert choose([OVER_100], "line", gbp("0.01", None)) == Choice(OVER_100, asks_people=True)


def test_people_decide_without_a_threshold_of_the_base_currency() -> None:
    assert choose([OVER_1000], "line", gbp("0.01", "0.01")) == Choice(OVER_1000, asks_people=True)
    assert choose([OVER_100], "line", gbp("0.01", "0.01", None)) == Choice(OVER_100, asks_people=True)


def test_a_rule_without_thresholds_asks_people_about_everything() -> None:
    rule = ApprovalRule("all", "line", ("manager",))

    assert choose([rule], "line", usd("0.01")) == Choice(rule, asks_people=True)


@pytest.mark.parametrize("amount", ["0", "-0.01", "-5000"])
def test_nothing_and_less_need_no_one(amount: str) -> None:
    assert choose([OVER_100], "line", usd(amount)) == Choice(OVER_100, asks_people=False)
    assert choose([OVER_100], "line", gbp(amount, None)) == Choice(OVER_100, asks_people=False)


def test_of_exceeded_rules_the_one_with_the_most_steps_counts() -> None:
    assert choose([OVER_100, OVER_1000], "line", usd("1000.01")) == Choice(OVER_1000, asks_people=True)
    assert choose([OVER_1000, OVER_100], "line", usd("1000.01")) == Choice(OVER_1000, asks_people=True)


def test_of_exceeded_rules_with_equal_steps_the_first_counts() -> None:
    twin = ApprovalRule("twin", "line", ("director",), {"USD": Decimal(50)})

    assert choose([twin, OVER_100], "line", usd("100.01")) == Choice(twin, asks_people=True)
    assert choose([OVER_100, twin], "line", usd("100.01")) == Choice(OVER_100, asks_people=True)


def test_a_rule_that_is_not_exceeded_does_not_take_part() -> None:
    assert choose([OVER_1000, OVER_100], "line", usd("500")) == Choice(OVER_100, asks_people=True)


def test_the_first_rule_approves_what_exceeds_none() -> None:
    assert choose([OVER_1000, OVER_100], "line", usd("1")) == Choice(OVER_1000, asks_people=False)


def test_only_rules_of_the_subject_count() -> None:
    assert choose(RULES, "payee_day", usd("2000.02")) == Choice(A_DAY, asks_people=True)
    assert choose(RULES, "payee_day", usd("2000")) == Choice(A_DAY, asks_people=False)
    assert choose(RULES, "bill", usd("5000")) is None


def test_a_change_of_a_payee_always_asks_people() -> None:
    assert choose(RULES, "payee_change", None) == Choice(PAYEES, asks_people=True)
    assert choose([OVER_100], "payee_change", None) is None

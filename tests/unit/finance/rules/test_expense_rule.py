"""Expense rules: the first one that is for a conversion wins, and says whom it pays."""

from decimal import Decimal

import msgspec
import pytest

from postledger.finance.rules.expense_amount import Fixed, Share
from postledger.finance.rules.expense_rule import ExpenseRule, Match, find_hiding_rule, find_rule
from postledger.finance.rules.facts import Facts

SALE = Facts("acme", "sale", campaign="spring-2", affiliate="456")


def make_rule(slug: str, match: Match | None = None, **keys: object) -> ExpenseRule:
    """Make a rule of the whole payout."""
    return msgspec.structs.replace(ExpenseRule(slug, "Commission", Share(Decimal(100)), match or Match()), **keys)


@pytest.mark.parametrize(
    "match",
    [
        Match(),
        Match(source=("other", "ac*")),
        Match(("acme",), ("spring*",), ("sale",), ("4*",)),
    ],
)
def test_a_rule_covers_what_matches_all_its_keys(match: Match) -> None:
    assert make_rule("one", match).covers(SALE)


@pytest.mark.parametrize(
    "match",
    [Match(source=("acm",)), Match(campaign=("spring",)), Match(event=("install",)), Match(affiliate=("45",))],
)
def test_one_key_that_differs_is_enough(match: Match) -> None:
    assert not make_rule("one", match).covers(SALE)


def test_a_key_of_a_rule_excludes_conversions_without_that_value() -> None:
    assert not make_rule("one", Match(campaign=("*",))).covers(Facts("acme", "sale"))


def test_the_first_rule_that_covers_a_conversion_wins() -> None:
    rules = [make_rule("install", Match(event=("install",))), make_rule("first"), make_rule("second")]

    assert find_rule(rules, SALE) == rules[1]
    assert find_rule(rules[:1], SALE) is None


def test_the_affiliate_is_paid_by_default() -> None:
    assert make_rule("one").choose_payee(SALE) == "456"
    assert make_rule("one").choose_payee(Facts("acme", "sale")) is None


def test_the_source_pays_what_is_receivable_by_default() -> None:
    assert make_rule("one", direction="receivable").choose_payee(SALE) == "acme"


def test_a_rule_can_name_its_payee() -> None:
    assert make_rule("one", payee="agency").choose_payee(SALE) == "agency"


def test_a_rule_behind_a_wider_one_is_found() -> None:
    wide, narrow = make_rule("wide", Match(source=("ac*",))), make_rule("narrow", Match(("acme",), event=("sale",)))

    assert find_hiding_rule(narrow, [make_rule("other", Match(source=("beta",))), wide]) == wide
    assert find_hiding_rule(wide, [narrow]) is None


def test_a_rule_survives_storage() -> None:
    for amount in (Share(Decimal(70)), Fixed(Decimal("5.00"), "EUR")):
        rule = make_rule("one", Match(event=("sale",)), amount=amount)
        assert msgspec.json.decode(msgspec.json.encode(rule), type=ExpenseRule, strict=False) == rule

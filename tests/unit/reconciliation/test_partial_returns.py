"""A part of a payment that comes back is matched if bank and reference say so, and proposed if it can be chance."""

from decimal import Decimal
from typing import Any

import pytest

from postledger.reconciliation.rules.matching.match_lines import match_lines
from postledger.reconciliation.rules.matching.subjects import Item, Line, Outcome, Settled
from tests.parts.bank_lines import FEE, X, bill_of, line_of, matched, proposed, receivable_of

BY_X: dict[str, Any] = {"account_hash": b"x"}
BACK: dict[str, Any] = {"reversal": True}
PAID = line_of(1, "-100", "PL-202610-1", end_to_end="E-1", **BY_X)


def last(*lines: Line, items: list[Item]) -> Outcome:
    """What becomes of the last line."""
    return match_lines(lines, items, [X], terms=FEE)[-1]


def settle(*lines: Line) -> list[Settled]:
    """Lines that a former run has matched with one bill."""
    outcomes = match_lines(lines, [bill_of(1, "100")], [X])
    return [Settled(each.line, each.match) for each in outcomes if each.match is not None]


@pytest.mark.parametrize(
    "back", [line_of(2, "30", end_to_end="E-1", **BACK), line_of(2, "30", "RETURN PL-202610-1", **BACK)]
)
def test_a_part_that_the_bank_returns_with_a_reference_is_matched(back: Line) -> None:
    outcomes = match_lines([PAID, back, line_of(3, "-30", "PL-202610-1")], [bill_of(1, "100")], [X], terms=FEE)

    assert [matched(each) for each in outcomes] == [
        [("payment", "-100", "b1")], [("payment", "30", "b1")], [("payment", "-30", "b1")]
    ]  # fmt: skip


@pytest.mark.parametrize(
    "back",
    [
        line_of(2, "30", **BY_X, **BACK),
        line_of(2, "30", **BY_X),
        line_of(2, "30", end_to_end="E-1"),
        line_of(2, "30", "RETURN PL-202610-1"),
    ],
)
def test_a_part_that_can_be_chance_is_proposed(back: Line) -> None:
    outcome = last(PAID, back, items=[bill_of(1, "100")])

    assert proposed(outcome) == (["returned_in_part"], [[("payment", "30", "b1")]])


def test_a_part_that_can_be_the_whole_less_a_fee_is_proposed() -> None:
    """A fee is at most a quarter of a payment. What lacks more is a part for sure."""
    sure, doubtful = (line_of(2, amount, end_to_end="E-1", **BACK) for amount in ("74.99", "75"))

    sure_part, doubtful_part = (match_lines([PAID, back], [bill_of(1, "100")], [X])[-1] for back in (sure, doubtful))

    assert matched(sure_part) == [("payment", "74.99", "b1")]
    assert proposed(doubtful_part) == (["returned_in_part"], [[("payment", "75", "b1")]])


def test_parts_of_a_payment_come_back_up_to_its_amount() -> None:
    backs = [line_of(day, amount, end_to_end="E-1", **BACK) for day, amount in ((2, "30"), (3, "40"), (4, "31"))]

    outcomes = match_lines([PAID, *backs], [bill_of(1, "100")], [X])

    assert [matched(each) for each in outcomes[:3]] == [
        [("payment", "-100", "b1")], [("payment", "30", "b1")], [("payment", "40", "b1")]
    ]  # fmt: skip
    assert outcomes[3].state == "unexplained"


def test_a_payment_that_came_back_in_part_is_not_returned_as_a_whole() -> None:
    """Also if a later payment has paid that part again."""
    settled = settle(PAID, line_of(2, "30", end_to_end="E-1", **BACK), line_of(3, "-30", "PL-202610-1"))

    (outcome,) = match_lines(
        [line_of(4, "100", end_to_end="E-1", **BACK)], [bill_of(1, "100", paid=Decimal(100))], [X], settled
    )

    assert outcome.state == "unexplained"


def test_a_part_of_a_payment_of_last_month_comes_back_once() -> None:
    bill = bill_of(1, "100", paid=Decimal(100))
    backs = [line_of(day, "60", end_to_end="E-1", **BACK) for day in (4, 5)]

    first, second = match_lines(backs, [bill], [X], settle(PAID))

    assert matched(first) == [("payment", "60", "b1")]
    assert second.state == "unexplained"


def test_a_part_of_one_of_several_payments_is_proposed_for_each() -> None:
    """A payment of less is none of them."""
    items = [bill_of(1, "100"), bill_of(2, "80"), bill_of(3, "20")]
    others = [line_of(2, "-80", "PL-202610-2", **BY_X), line_of(3, "-20", "PL-202610-3", **BY_X)]

    outcome = last(PAID, *others, line_of(4, "30", **BY_X, **BACK), items=items)

    assert proposed(outcome) == (["returned_in_part"], [[("payment", "30", "b2")], [("payment", "30", "b1")]])


@pytest.mark.parametrize(
    ("amount", "proposals"),
    [
        ("80", [[("payment", "80", "b2")]]),
        ("40", [[("payment", "40", "b2")], [("payment", "40", "b1")]]),
        ("100", [[("payment", "80", "b2"), ("payment", "20", "b1")]]),
    ],
)
def test_a_part_of_a_payment_of_two_bills_is_proposed(amount: str, proposals: object) -> None:
    """The bill of exactly that amount, else each that is large enough, else several, the newest first."""
    paid = line_of(1, "-130", "PL-202610-1 PL-202610-2", end_to_end="E-1")

    outcome = last(paid, line_of(2, amount, end_to_end="E-1", **BACK), items=[bill_of(1, "50"), bill_of(2, "80")])

    assert proposed(outcome) == (["returned_in_part"], proposals)


def test_a_part_of_a_payment_in_another_currency_goes_by_its_rate() -> None:
    bank: dict[str, Any] = {"instructed_amount": Decimal(1000), "instructed_currency": "USD", "rate": Decimal("1.25")}
    paid, bills = line_of(1, "-800", "PL-202610-1", end_to_end="E-1", **bank), [bill_of(1, "1000", currency="USD")]

    outcome = last(paid, line_of(2, "200", end_to_end="E-1", **BACK), items=bills)

    assert proposed(outcome) == (["returned_in_part"], [[("payment", "200", "b1")]])
    (part,) = outcome.proposals[0].parts
    assert (part.applied, part.applied_currency) == (Decimal(-250), "USD")


@pytest.mark.parametrize("text", ["", "PL-202610-1"])
def test_what_was_paid_too_much_can_come_back(text: str) -> None:
    """The bill stays paid then, so its part is not the only proposal."""
    paid, bills = line_of(1, "-150", "PL-202610-1", end_to_end="E-1"), [bill_of(1, "100")]

    exact, less = (
        last(paid, line_of(2, amount, text, end_to_end="E-1", **BACK), items=bills) for amount in ("50", "20")
    )

    assert proposed(exact)[1] == [[("unapplied", "50", "b1")]]
    assert proposed(less)[1] == [[("unapplied", "20", "b1")], [("payment", "20", "b1")]]


def test_a_network_takes_a_part_of_what_it_paid_back() -> None:
    paid, back = line_of(1, "300", "RV-202610-1", end_to_end="N-1"), line_of(2, "-50", end_to_end="N-1", **BACK)

    assert matched(last(paid, back, items=[receivable_of(1, "300")])) == [("payment", "-50", "r1")]


def test_what_a_network_owes_is_proposed_before_a_part_that_comes_back() -> None:
    """A network can be paid by us too, and what it sends is rather for its receivables."""
    items = [bill_of(1, "100"), receivable_of(1, "90"), receivable_of(2, "95")]

    reasons, proposals = proposed(last(PAID, line_of(2, "30", **BY_X), items=items))

    assert reasons == ["partial"]
    assert proposals == [[("payment", "30", "r1")]]

"""Lines are matched with what they pay. Where more than one answer is possible, all are proposed and none is made."""

from decimal import Decimal
from typing import Any

import pytest

from postledger.reconciliation.rules.matching.match_lines import match_lines
from postledger.reconciliation.rules.matching.subjects import Item, Line, Outcome, Settled, Terms
from tests.parts.bank_lines import FEE, X, Y, bill_of, line_of, matched, proposed, receivable_of

BY_X: dict[str, Any] = {"account_hash": b"x"}


def only(*lines: Line, items: object, terms: Terms | None = None) -> Outcome:
    """What becomes of the last line."""
    return match_lines(lines, items, [X, Y], terms=terms)[-1]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        "PL-202610-000007", "your bill pl-202610-000007, thanks", "PL202610000007", "PL 202610 000007", "PL-202610-7",
        "INV/PL-202610-00\n0007 AND MORE", "PL-2026 10-000007 2026-10-31", "NO.PL-202610-000007.", "P L-202610-000007",
    ],
)  # fmt: skip
def test_a_number_is_found_however_a_bank_writes_it(text: str) -> None:
    outcome = only(line_of(1, "-80", text), items=[bill_of(7, "80"), bill_of(1, "80")])

    assert matched(outcome) == [("payment", "-80", "b7")]


@pytest.mark.parametrize("text", ["PL-202610-0000007", "202610-000007", "PL-202611-000007", "PL-202610-000070"])
def test_another_number_is_not_found(text: str) -> None:
    assert only(line_of(1, "-80", text), items=[bill_of(7, "80", "Z")]).match is None


def test_a_number_that_can_mean_two_bills_is_not_chosen() -> None:
    outcome = only(line_of(1, "-80", "PL-202610-1 2"), items=[bill_of(1, "80"), bill_of(12, "80")])

    reasons, proposals = proposed(outcome)
    assert reasons == ["ambiguous_number"]
    assert proposals == [[("payment", "-80", "b1")], [("payment", "-80", "b12")]]


def test_the_account_says_who_is_paid_and_the_amount_what() -> None:
    items = [bill_of(1, "50"), bill_of(2, "80"), bill_of(3, "80", "Y")]

    assert matched(only(line_of(1, "-80", **BY_X), items=items)) == [("payment", "-80", "b2")]
    assert matched(only(line_of(1, "-80", name="YARD gmbh"), items=items)) == [("payment", "-80", "b3")]


def test_a_name_at_another_account_is_not_enough() -> None:
    outcome = only(line_of(1, "-80", name="Xenon Media Ltd.", account_hash=b"?"), items=[bill_of(1, "80")])

    assert proposed(outcome) == (["other_account"], [[("payment", "-80", "b1")]])


def test_an_amount_alone_is_never_enough() -> None:
    outcome = only(line_of(1, "-80", name="Somebody"), items=[bill_of(1, "80"), bill_of(2, "80", "Y")])

    assert proposed(outcome) == (["amount_only"], [[("payment", "-80", "b1")], [("payment", "-80", "b2")]])


def test_all_that_is_open_and_the_only_subset_are_matched() -> None:
    items = [bill_of(1, "50"), bill_of(2, "80"), bill_of(3, "33")]

    assert matched(only(line_of(1, "-163", **BY_X), items=items)) == [
        ("payment", "-50", "b1"), ("payment", "-80", "b2"), ("payment", "-33", "b3")
    ]  # fmt: skip
    assert matched(only(line_of(1, "-83", **BY_X), items=items)) == [("payment", "-50", "b1"), ("payment", "-33", "b3")]


def test_two_bills_of_one_amount_wait_for_two_lines() -> None:
    items, first, second = [bill_of(1, "80"), bill_of(2, "80")], line_of(1, "-80", **BY_X), line_of(2, "-80", **BY_X)

    assert proposed(only(first, items=items)) == (
        ["several_solutions"], [[("payment", "-80", "b1")], [("payment", "-80", "b2")]]
    )  # fmt: skip
    assert [matched(each) for each in match_lines([second, first], items, [X])] == [
        [("payment", "-80", "b1")], [("payment", "-80", "b2")]
    ]  # fmt: skip


def test_of_two_subsets_none_is_chosen() -> None:
    items = [bill_of(1, "10"), bill_of(2, "20"), bill_of(3, "30"), bill_of(4, "40")]

    reasons, proposals = proposed(only(line_of(1, "-50", **BY_X), items=items))

    assert reasons == ["several_solutions"]
    assert sorted(tuple(item for _, _, item in each) for each in proposals) == [("b1", "b4"), ("b2", "b3")]


def test_a_fee_that_the_account_allows_is_a_part() -> None:
    bills = [bill_of(1, "100"), bill_of(2, "200"), bill_of(3, "300")]
    text = "PL-202610-1, PL-202610-2, PL-202610-3"

    assert matched(only(line_of(1, "-585", text), items=bills, terms=FEE))[-1] == ("fee", "15", None)
    assert matched(only(line_of(1, "-615", text), items=bills, terms=FEE))[-1] == ("fee", "-15", None)
    reasons, proposals = proposed(only(line_of(1, "-560", text), items=bills, terms=FEE))
    assert reasons == ["fee_beyond_tolerance"]
    assert proposals[0][-1] == ("payment", "-260", "b3")
    assert proposals[1][-1] == ("fee", "40", None)


def test_a_fee_of_more_than_a_twentieth_of_a_bill_is_only_proposed() -> None:
    """What is paid beyond a bill can be too much as well, however large a fee the account allows."""
    terms, bills = Terms(fee_absolute=Decimal(15)), [bill_of(1, "60")]
    unapplied, fee = (
        [("payment", "-60", "b1"), ("unapplied", "-15", None)],
        [("payment", "-60", "b1"), ("fee", "-15", None)],
    )

    for line in (line_of(1, "-75", "PL-202610-1", **BY_X), line_of(1, "-75", **BY_X)):
        assert proposed(only(line, items=bills, terms=terms)) == (["fee_beyond_tolerance"], [unapplied, fee])
    assert matched(only(line_of(1, "-63", "PL-202610-1"), items=bills, terms=terms))[-1] == ("fee", "-3", None)
    assert matched(only(line_of(1, "-75.01", "PL-202610-1"), items=bills, terms=terms))[-1][0] == "unapplied"


@pytest.mark.parametrize(
    ("amount", "items"),
    [
        ("-114.99", [bill_of(1, "100")]),
        ("-70", [bill_of(1, "70", paid=Decimal(10))]),
        ("-75", [bill_of(1, "60"), bill_of(2, "200")]),
        ("-75", [bill_of(1, "40"), bill_of(2, "20"), bill_of(3, "500")]),
    ],
)
def test_what_can_be_paid_too_much_is_no_sure_fee(amount: str, items: list[Item]) -> None:
    terms = Terms(fee_absolute=Decimal(15))

    for text in ("", "PL-202610-1" if len(items) == 1 else ""):
        reasons, proposals = proposed(only(line_of(1, amount, text, **BY_X), items=items, terms=terms))
        assert reasons == ["fee_beyond_tolerance"]
        assert [parts[-1][0] for parts in proposals] == ["unapplied", "fee"]


def test_a_doubtful_fee_makes_another_solution_no_sure_one() -> None:
    outcome = only(line_of(1, "-75", **BY_X), items=[bill_of(1, "60"), bill_of(2, "73")], terms=FEE)

    assert "several_solutions" in proposed(outcome)[0]


def test_a_large_fee_that_the_bank_names_is_sure() -> None:
    outcome = only(line_of(1, "-75", "PL-202610-1", fee=Decimal(15)), items=[bill_of(1, "60")])

    assert matched(outcome) == [("payment", "-60", "b1"), ("fee", "-15", None)]


def test_a_bank_keeps_a_fee_of_what_a_network_sends() -> None:
    outcome = only(line_of(1, "285", **BY_X), items=[receivable_of(1, "300")], terms=FEE)

    assert matched(outcome) == [("payment", "300", "r1"), ("fee", "-15", None)]


def test_a_fee_that_the_bank_names_needs_no_tolerance() -> None:
    outcome = only(line_of(1, "-115", fee=Decimal(15), **BY_X), items=[bill_of(1, "100")])

    assert matched(outcome) == [("payment", "-100", "b1"), ("fee", "-15", None)]


def test_a_cent_is_rounding() -> None:
    assert matched(only(line_of(1, "-99.99", **BY_X), items=[bill_of(1, "100")])) == [
        ("payment", "-100", "b1"), ("rounding", "0.01", None)
    ]  # fmt: skip


def test_a_bill_is_paid_in_part_and_then_the_rest() -> None:
    bills, first, rest = [bill_of(1, "100")], line_of(1, "-60", "PL-202610-1"), line_of(2, "-40", "PL-202610-1")

    assert matched(only(first, items=bills, terms=FEE)) == [("payment", "-60", "b1")]
    assert matched(only(first, rest, items=bills, terms=FEE)) == [("payment", "-40", "b1")]
    assert matched(only(line_of(1, "-97", "PL-202610-1"), line_of(2, "-3", "PL-202610-1"), items=bills, terms=FEE)) == [
        ("payment", "-3", "b1")
    ]


def test_the_account_of_a_payee_with_one_bill_pays_in_part() -> None:
    bills = [bill_of(1, "100")]

    assert matched(only(line_of(1, "-60", **BY_X), line_of(2, "-40", **BY_X), items=bills)) == [
        ("payment", "-40", "b1")
    ]
    assert proposed(only(line_of(1, "-60", name=X.name), items=bills))[0] == ["name_only", "partial"]
    assert proposed(only(line_of(1, "-60", **BY_X), items=[*bills, bill_of(2, "70")]))[0] == ["partial"]


@pytest.mark.parametrize("of", [{"name": X.name}, BY_X])
@pytest.mark.parametrize("amount", ["-60", "-300"])
def test_a_line_without_a_number_is_not_proposed_by_reference(of: dict[str, Any], amount: str) -> None:
    outcome = only(line_of(1, amount, **of), items=[bill_of(1, "100"), bill_of(2, "70")])

    assert [match.method for match in outcome.proposals] == ["payee_all"]


def test_what_is_paid_beyond_a_bill_is_unapplied() -> None:
    bills = [bill_of(1, "100")]

    assert matched(only(line_of(1, "-150", "PL-202610-1"), items=bills, terms=FEE)) == [
        ("payment", "-100", "b1"), ("unapplied", "-50", "b1")
    ]  # fmt: skip
    again = only(line_of(1, "-100", "PL-202610-1"), line_of(2, "-100", "PL-202610-1"), items=bills)
    assert matched(again) == [("unapplied", "-100", "b1")]


@pytest.mark.parametrize(
    "line",
    [
        line_of(2, "100", "RETURN PL-202610-1"),
        line_of(2, "100", reversal=True, account_hash=b"x"),
        line_of(2, "100", reversal=True, end_to_end="E-1"),
    ],
)
def test_a_returned_payment_makes_the_bill_open_again(line: Line) -> None:
    bills, paid = [bill_of(1, "100")], line_of(1, "-100", "PL-202610-1", end_to_end="E-1", account_hash=b"x")

    outcomes = match_lines([paid, line, line_of(3, "-100", "PL-202610-1")], bills, [X])

    assert [matched(each) for each in outcomes] == [
        [("payment", "-100", "b1")], [("payment", "100", "b1")], [("payment", "-100", "b1")]
    ]  # fmt: skip


def test_a_return_of_which_the_bank_kept_a_fee_is_whole() -> None:
    paid, back = line_of(1, "-100", "PL-202610-1"), line_of(2, "95", "PL-202610-1")

    assert matched(only(paid, back, items=[bill_of(1, "100")], terms=FEE)) == [
        ("payment", "100", "b1"), ("fee", "-5", None)
    ]  # fmt: skip
    assert proposed(only(paid, back, items=[bill_of(1, "100")])) == (["returned_in_part"], [[("payment", "95", "b1")]])


def test_a_return_of_which_nearly_all_is_missing_is_no_whole_one() -> None:
    """As for payments, a fee is at most a quarter of what is paid, however much the account's tolerance allows."""
    paid, back = line_of(1, "-10", "PL-202610-1"), line_of(2, "0.01", "PL-202610-1")

    assert matched(only(paid, line_of(2, "7.50", "PL-202610-1"), items=[bill_of(1, "10")], terms=FEE)) == [
        ("payment", "10", "b1"), ("fee", "-2.5", None)
    ]  # fmt: skip
    assert only(paid, back, items=[bill_of(1, "10")], terms=FEE).match is None


def test_money_back_that_the_bank_does_not_call_a_return_is_proposed() -> None:
    paid, back = line_of(1, "-100", "PL-202610-1", **BY_X), line_of(2, "100", **BY_X)

    assert proposed(only(paid, back, items=[bill_of(1, "100")])) == (["returned"], [[("payment", "100", "b1")]])


def test_a_payment_of_last_month_is_returned_once() -> None:
    bill, old = bill_of(1, "100", paid=Decimal(100)), line_of(1, "-100", **BY_X)
    (made,) = match_lines([old], [bill_of(1, "100")], [X])
    assert made.match is not None
    settled = [Settled(old, made.match)]
    back = [line_of(day, "100", reversal=True, **BY_X) for day in (4, 5)]

    first, second = match_lines(back, [bill], [X], settled)

    assert matched(first) == [("payment", "100", "b1")]
    assert second.match is None


def test_a_bill_in_dollars_is_paid_by_the_amount_that_was_instructed() -> None:
    bank: dict[str, Any] = {"instructed_amount": Decimal(1000), "instructed_currency": "USD", "rate": Decimal("1.08")}
    bills = [bill_of(1, "1000", currency="USD")]

    outcome = only(line_of(1, "-926.50", "PL-202610-1", **bank), items=bills, terms=FEE)

    assert matched(outcome) == [("payment", "-925.93", "b1"), ("fx", "-0.57", None)]
    assert outcome.match is not None
    assert (outcome.match.parts[0].applied, outcome.match.parts[0].applied_currency) == (Decimal(1000), "USD")
    assert matched(only(line_of(1, "-925.93", **BY_X, **bank), items=bills)) == [("payment", "-925.93", "b1")]


def test_without_the_banks_rate_that_of_the_day_counts_within_one_percent() -> None:
    day = line_of(1, "-1").day
    terms = Terms(fx_percent=Decimal(1), rates={("USD", day): Decimal("0.92")})
    bills = [bill_of(1, "1000", currency="USD")]

    assert matched(only(line_of(1, "-925", "PL-202610-1"), items=bills, terms=terms)) == [
        ("payment", "-920", "b1"), ("fx", "-5", None)
    ]  # fmt: skip
    assert proposed(only(line_of(1, "-935", "PL-202610-1"), items=bills, terms=terms))[0] == ["fx_beyond_tolerance"]
    assert proposed(only(line_of(2, "-925", "PL-202610-1"), items=bills, terms=terms)) == (["no_rate"], [])


def test_a_bill_that_is_not_approved_is_not_paid() -> None:
    outcome = only(line_of(1, "-80", "PL-202610-1"), items=[bill_of(1, "80", payable=False)])

    assert (outcome.state, outcome.reasons) == ("unexplained", ("not_approved",))


def test_a_match_that_was_undone_is_not_made_again() -> None:
    outcome = only(line_of(1, "-80", "PL-202610-1", undone=True), items=[bill_of(1, "80")])

    assert proposed(outcome) == (["undone"], [[("payment", "-80", "b1")]])

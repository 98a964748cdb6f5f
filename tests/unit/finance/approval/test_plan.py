"""Which requests follow from new lines."""

from decimal import Decimal

import pytest

from postledger.finance.approval.plan import NEGATIVE
from postledger.policy.approval_store import ApprovalRules
from tests.parts.approvals import A_DAY, OVER_100, OVER_1000, Desk, line_of, unpriced


def test_a_line_under_the_threshold_is_approved_by_the_rule() -> None:
    desk = Desk(OVER_100)

    plan = desk.add(line_of("a", "100.00"))

    assert (plan.requests, plan.approved_by) == ((), {("a", 1): "over-100"})
    assert desk.payable() == {("a", 1)}


def test_a_line_over_the_threshold_waits_for_the_steps_of_its_rule() -> None:
    desk = Desk(OVER_100)

    plan = desk.add(line_of("a", "100.01"))

    (request,) = plan.requests
    assert (request.subject, request.subject_id, request.amount, request.currency) == (
        "line", "a/USD", Decimal("100.01"), "USD",
    )  # fmt: skip
    assert (request.rule, request.rule_version, request.steps, request.remind_after_s, request.payee) == (
        "over-100", 1, ("manager",), 3600, "456",
    )  # fmt: skip
    assert request.lines == (("a", 1),)
    assert plan.approved_by == {}
    assert desk.payable() == set()


def test_a_line_without_threshold_and_rate_waits() -> None:
    assert len(Desk(OVER_100).add(unpriced(line_of("a", "0.01", currency="THB"))).requests) == 1


def test_money_that_waited_for_a_rate_is_judged_by_it() -> None:
    desk, line = Desk(OVER_100), line_of("a", "80", currency="THB")
    desk.add(unpriced(line))

    plan = desk.add(unpriced(line_of("a", "-80", currency="THB")), line)

    assert (plan.superseded, plan.requests) == (("r1",), ())
    assert plan.approved_by == {("a", 3): "over-100"}


def test_money_without_a_rate_belongs_to_no_day() -> None:
    assert Desk(A_DAY).add(unpriced(line_of("a", "5000", currency="THB"))).requests == ()


def test_without_rules_nothing_approves_by_name() -> None:
    assert Desk().add(line_of("a", "5000"), line_of("a", "-1")).approved_by == {("a", 1): "none", ("a", 2): NEGATIVE}


def test_a_rule_of_days_alone_names_itself_on_lines() -> None:
    assert Desk(A_DAY).add(line_of("a", "5")).approved_by == {("a", 1): "a-day"}


def test_parts_that_exceed_the_threshold_together_wait_together() -> None:
    desk = Desk(OVER_100)
    desk.add(line_of("a", "80"))

    (request,) = desk.add(line_of("a", "40")).requests

    assert (request.amount, request.lines) == (Decimal(120), (("a", 1), ("a", 2)))
    assert desk.payable() == set()


def test_two_currencies_of_a_conversion_are_judged_by_themselves() -> None:
    desk = Desk(OVER_100)

    plan = desk.add(line_of("a", "80"), line_of("a", "80", currency="EUR"))

    assert plan.requests == ()


def test_a_refund_supersedes_the_request_that_waits() -> None:
    desk = Desk(OVER_100)
    desk.add(line_of("a", "150"))

    plan = desk.add(line_of("a", "-60"))

    (request,) = plan.requests
    assert plan.superseded == ("r1",)
    assert (request.amount, request.rule, request.steps) == (Decimal(90), "over-100", ("manager",))
    assert plan.approved_by == {}
    desk.decide("r2", "approved")
    assert desk.payable() == {("a", 1), ("a", 2)}


def test_a_larger_amount_is_judged_by_the_rule_that_it_exceeds() -> None:
    desk = Desk(OVER_100, OVER_1000)
    desk.add(line_of("a", "150"))

    (request,) = desk.add(line_of("a", "1000")).requests

    assert (request.rule, request.steps) == ("over-1000", ("manager", "director"))


def test_nothing_is_left_of_money_that_is_taken_back_while_it_waits() -> None:
    desk = Desk(OVER_100)
    desk.add(line_of("a", "150"))

    plan = desk.add(line_of("a", "-150"))

    assert (plan.superseded, plan.requests, plan.approved_by) == (("r1",), (), {})
    assert desk.payable() == set()


def test_money_that_comes_again_after_nothing_was_left_waits_again() -> None:
    desk = Desk(OVER_100)
    for amount in ("150", "-150"):
        desk.add(line_of("a", amount))

    (request,) = desk.add(line_of("a", "150")).requests

    assert (request.amount, len(request.lines)) == (Decimal(150), 3)


def test_a_refund_of_approved_money_needs_no_one() -> None:
    desk = Desk(OVER_100)
    desk.add(line_of("a", "300"))
    desk.decide("r1", "approved")

    plan = desk.add(line_of("a", "-60"))

    assert (plan.superseded, plan.requests, plan.approved_by) == ((), (), {("a", 2): NEGATIVE})
    assert desk.payable() == {("a", 1), ("a", 2)}


def test_more_money_after_an_approval_is_judged_by_the_total_and_waits_alone() -> None:
    desk = Desk(OVER_100)
    desk.add(line_of("a", "150"))
    desk.decide("r1", "approved")

    (request,) = desk.add(line_of("a", "20")).requests

    assert (request.amount, request.lines) == (Decimal(20), (("a", 2),))
    assert desk.payable() == {("a", 1)}


@pytest.mark.parametrize("state", ["rejected", "returned"])
def test_a_refused_request_is_made_again_when_its_money_changes(state: str) -> None:
    desk = Desk(OVER_100)
    desk.add(line_of("a", "150"))
    desk.decide("r1", state)

    plan = desk.add(line_of("a", "-10"))

    assert plan.superseded == ("r1",)
    assert [request.amount for request in plan.requests] == [Decimal(140)]
    assert desk.payable() == set()


def test_what_is_on_a_bill_is_not_asked_about_again() -> None:
    desk = Desk(OVER_100)
    desk.add(line_of("a", "80"))
    desk.bill(("a", 1))

    (request,) = desk.add(line_of("a", "40")).requests

    assert (request.amount, request.lines) == (Decimal(40), (("a", 2),))
    assert desk.payable() == {("a", 1)}


def test_a_remap_to_another_payee_asks_about_the_new_payee() -> None:
    desk = Desk(OVER_100)
    desk.add(line_of("a", "150"))

    plan = desk.add(line_of("a", "-150"), line_of("a", "150", payee="457"), actor="maya")

    (request,) = plan.requests
    assert (request.payee, request.amount, request.lines, request.created_by) == (
        "457", Decimal(150), (("a", 3),), "maya",
    )  # fmt: skip
    desk.decide("r2", "approved")
    assert desk.payable() == {("a", 3)}


def test_a_remap_of_approved_money_takes_it_back_at_once() -> None:
    desk = Desk(OVER_100)
    desk.add(line_of("a", "150"))
    desk.decide("r1", "approved")

    plan = desk.add(line_of("a", "-150"), line_of("a", "150", payee="457"))

    assert plan.approved_by == {("a", 2): NEGATIVE}
    assert [(request.payee, request.amount) for request in plan.requests] == [("457", Decimal(150))]


def test_a_remap_of_approved_money_of_one_payee_leaves_it_until_it_is_approved() -> None:
    desk = Desk(OVER_100)
    desk.add(line_of("a", "150"))
    desk.decide("r1", "approved")

    (request,) = desk.add(line_of("a", "-150"), line_of("a", "150")).requests

    assert request.lines == (("a", 2), ("a", 3))
    assert desk.payable() == {("a", 1)}


def test_who_caused_a_request_stays_its_creator_when_a_postback_changes_it() -> None:
    desk = Desk(OVER_100)
    desk.add(line_of("a", "150"), actor="maya")

    assert [request.created_by for request in desk.add(line_of("a", "1")).requests] == ["maya"]


def test_a_waiting_request_keeps_its_steps_when_its_rule_is_gone() -> None:
    desk = Desk(OVER_100)
    desk.add(line_of("a", "150"))
    desk.rules = ApprovalRules(2)

    (request,) = desk.add(line_of("a", "10")).requests

    assert (request.rule, request.rule_version, request.steps) == ("over-100", 1, ("manager",))

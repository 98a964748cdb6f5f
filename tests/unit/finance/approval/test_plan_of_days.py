"""Which requests follow from what a payee gets on one day."""

from datetime import timedelta
from decimal import Decimal

from postledger.finance.approval.plan import NEGATIVE
from tests.parts.approvals import A_DAY, OVER_100, TODAY, Desk, line_of


def test_the_line_that_exceeds_the_day_makes_one_request_that_holds_all_of_it() -> None:
    desk = Desk(OVER_100, A_DAY)
    for number in range(10):
        assert desk.add(line_of(f"{number}", "99")).requests == ()

    (request,) = desk.add(line_of("eleventh", "99")).requests

    assert (request.subject, request.subject_id, request.amount) == (
        "payee_day", "456/2026-11-30/USD", Decimal(1089),
    )  # fmt: skip
    assert (request.rule, request.steps, len(request.lines)) == ("a-day", ("director",), 11)
    assert desk.payable() == set()


def test_forty_lines_in_one_batch_make_one_request() -> None:
    desk = Desk(OVER_100, A_DAY)

    (request,) = desk.add(*(line_of(f"{number}", "99") for number in range(40))).requests

    assert (request.amount, len(request.lines)) == (Decimal(3960), 40)


def test_other_days_payees_and_currencies_do_not_count() -> None:
    desk = Desk(A_DAY)
    desk.add(line_of("a", "900"))

    assert desk.add(line_of("b", "900", day=TODAY - timedelta(1)), line_of("c", "900", payee="457")).requests == ()


def test_a_line_that_joins_a_waiting_day_supersedes_its_request() -> None:
    desk = Desk(A_DAY)
    desk.add(line_of("a", "900"), line_of("b", "200"))

    plan = desk.add(line_of("c", "1"))

    assert plan.superseded == ("r1",)
    assert [request.amount for request in plan.requests] == [Decimal(1101)]


def test_a_day_is_asked_again_after_it_fell_under_the_threshold() -> None:
    desk = Desk(A_DAY)
    desk.add(line_of("a", "900"), line_of("b", "200"))

    (request,) = desk.add(line_of("a", "-900")).requests

    assert (request.amount, request.lines) == (Decimal(200), (("b", 1),))
    desk.decide("r2", "approved")
    assert desk.payable() == {("b", 1)}


def test_after_a_day_was_approved_only_later_lines_wait() -> None:
    desk = Desk(A_DAY)
    desk.add(line_of("a", "900"), line_of("b", "200"))
    desk.decide("r1", "approved")

    (request,) = desk.add(line_of("c", "5")).requests

    assert (request.amount, request.lines) == (Decimal(5), (("c", 1),))
    assert desk.payable() == {("a", 1), ("b", 1)}


def test_a_refund_of_a_line_of_another_day_is_free() -> None:
    desk = Desk(A_DAY)
    desk.add(line_of("a", "500", day=TODAY - timedelta(1)))
    desk.add(line_of("b", "1001"))

    assert desk.add(line_of("a", "-100", day=TODAY - timedelta(1))).approved_by == {("a", 2): NEGATIVE}


def test_a_line_that_exceeds_both_needs_both() -> None:
    desk = Desk(OVER_100, A_DAY)

    desk.add(line_of("a", "1500"))

    assert [request.subject for request in desk.waiting.values()] == ["line", "payee_day"]
    desk.decide("r1", "approved")
    assert desk.payable() == set()
    desk.decide("r2", "approved")
    assert desk.payable() == {("a", 1)}


def test_a_rejected_line_does_not_come_back_by_way_of_its_day() -> None:
    desk = Desk(OVER_100, A_DAY)
    desk.add(line_of("a", "150"))
    desk.decide("r1", "rejected")

    (request,) = desk.add(*(line_of(f"{number}", "90") for number in range(12))).requests

    assert (request.subject, len(request.lines)) == ("payee_day", 12)

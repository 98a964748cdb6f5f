"""The fold: what a repeated event may do to a known conversion."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postledger.domain.status import Standing, Status, Verdict, fold

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
STATUSES = tuple(Status)
CONFLICT = None

standings = st.builds(
    Standing,
    st.sampled_from(STATUSES),
    st.none() | st.decimals(0, 100, places=2),
    st.sampled_from(["USD", "EUR"]),
    st.none() | st.integers(0, 9999).map(lambda minutes: NOON + timedelta(minutes=minutes)),
)  # fmt: skip


def standing(
    status: str, payout: str | None = "1.00", currency: str | None = "USD", at: datetime | None = None
) -> Standing:
    return Standing(Status(status), Decimal(payout) if payout else None, currency, at)


@pytest.mark.parametrize(
    ("known", "event", "verdict"),
    [
        ("pending", "approved", Verdict.UPDATED),
        ("pending", "rejected", Verdict.UPDATED),
        ("approved", "reversed", Verdict.UPDATED),
        ("approved", "rejected", Verdict.UPDATED),
        ("approved", "pending", Verdict.DUPLICATE),
        ("rejected", "pending", Verdict.DUPLICATE),
        ("reversed", "pending", Verdict.DUPLICATE),
        ("reversed", "approved", CONFLICT),
        ("rejected", "approved", CONFLICT),
        ("rejected", "reversed", CONFLICT),
        ("reversed", "rejected", CONFLICT),
        ("pending", "reversed", CONFLICT),
    ],
)
def test_each_change_of_status_has_its_verdict(known: str, event: str, verdict: Verdict | None) -> None:
    folded = fold(standing(known), standing(event))

    assert folded.verdict is verdict
    assert folded.standing.status == (event if verdict is Verdict.UPDATED else known)


def test_rejected_may_be_approved_where_the_source_allows_it() -> None:
    folded = fold(standing("rejected"), standing("approved"), may_reapprove=True)

    assert (folded.verdict, folded.standing.status) == (Verdict.UPDATED, Status.APPROVED)


@pytest.mark.parametrize(("payout", "currency"), [("1.00", "USD"), ("1.0", "USD"), (None, None), (None, "USD")])
def test_the_same_again_is_a_duplicate(payout: str | None, currency: str | None) -> None:
    assert fold(standing("approved"), standing("approved", payout, currency)).verdict is Verdict.DUPLICATE


@pytest.mark.parametrize(("payout", "currency"), [("2.00", "USD"), ("1.00", "EUR"), (None, "EUR")])
def test_other_money_under_the_same_status_is_a_conflict(payout: str | None, currency: str) -> None:
    known = standing("approved")

    folded = fold(known, standing("approved", payout, currency))

    assert (folded.verdict, folded.standing) == (CONFLICT, known)


def test_a_change_of_status_takes_its_money_with_it() -> None:
    folded = fold(standing("pending", "1.00"), standing("approved", "2.00", "EUR"))

    assert (folded.standing.payout, folded.standing.currency) == (Decimal("2.00"), "EUR")


def test_a_change_of_status_without_money_keeps_the_money() -> None:
    assert fold(standing("pending", "1.00"), standing("approved", None, None)).standing.payout == Decimal("1.00")


def test_an_older_event_never_undoes_a_newer_state() -> None:
    known = standing("approved", at=NOON)

    folded = fold(known, standing("rejected", at=NOON - timedelta(minutes=1)))

    assert (folded.verdict, folded.standing) == (Verdict.DUPLICATE, known)


def test_times_compare_only_where_the_sender_gave_both() -> None:
    assert fold(standing("pending", at=NOON), standing("approved")).verdict is Verdict.UPDATED


@given(standings, standings)
def test_only_an_update_changes_anything(known: Standing, event: Standing) -> None:
    folded = fold(known, event)

    assert (folded.standing != known) <= (folded.verdict is Verdict.UPDATED)


@given(standings, standings)
def test_the_same_event_twice_is_news_once(known: Standing, event: Standing) -> None:
    once = fold(known, event)

    twice = fold(once.standing, event)

    assert twice.verdict is not Verdict.UPDATED
    assert twice.standing == once.standing


@pytest.mark.parametrize("order", [*permutations(["pending", "approved", "pending", "approved"])])
def test_pending_and_approved_end_approved_in_any_order(order: tuple[str, ...]) -> None:
    state = standing(order[0])

    for word in order[1:]:
        state = fold(state, standing(word)).standing

    assert state.status is Status.APPROVED

"""The fold: what a repeated event may do to a known conversion."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from postledger.ledger.rules.status_rules import DUPLICATES, Change, Folded, HadPayout, Past, Rules, fold, remember
from postledger.vocabulary.click import FORGOTTEN
from postledger.vocabulary.statuses import Standing, Status, Verdict

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
    folded = fold(standing("rejected"), standing("approved"), Rules(may_reapprove=True))

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


def test_a_sale_behind_a_refund_of_a_part_is_never_dropped_in_silence() -> None:
    """The refund has opened the conversion; whoever dated both would else lose the rest of the money unseen."""
    refunded = standing("reversed", "1.00", at=NOON)
    sale = standing("approved", "5.00", at=NOON - timedelta(minutes=1))

    assert fold(refunded, sale).verdict is CONFLICT
    assert fold(refunded, standing("approved", "1.00", at=sale.event_time)).verdict is Verdict.DUPLICATE
    whole = standing("reversed", None, None, at=NOON)
    assert fold(whole, sale).verdict is Verdict.DUPLICATE, "all of it was taken back"
    assert fold(refunded, sale, past=frozenset({HadPayout(Decimal("5.00"))})).verdict is Verdict.DUPLICATE, (
        "it was booked once"
    )


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


CORRECT = Rules(duplicates="correct")


@pytest.mark.parametrize("status", ["pending", "approved", "rejected"])
def test_a_correction_takes_the_new_payout_and_tells_the_difference(status: str) -> None:
    folded = fold(standing(status, "1.00"), standing(status, "0.40"), CORRECT)

    assert (folded.verdict, folded.standing) == (Verdict.UPDATED, standing(status, "0.40"))
    assert folded.change == Change("correction", Decimal("-0.60"))


def test_the_first_payout_of_a_conversion_is_a_correction_of_nothing() -> None:
    folded = fold(standing("approved", None, None), standing("approved", "2.00", "EUR"), CORRECT)

    assert (folded.change, folded.standing.currency) == (Change("correction", Decimal("2.00")), "EUR")


@pytest.mark.parametrize(
    ("event", "verdict"),
    [
        (standing("approved", "2.00", "EUR"), CONFLICT),
        (standing("approved", None, "EUR"), CONFLICT),
        (standing("approved", "1.00"), Verdict.DUPLICATE),
        (standing("approved", "2.00", at=NOON - timedelta(1)), Verdict.DUPLICATE),
        (standing("approved", "2.00", at=NOON), Verdict.UPDATED),
    ],
)
def test_not_everything_is_a_correction(event: Standing, verdict: Verdict | None) -> None:
    assert fold(standing("approved", at=NOON), event, CORRECT).verdict is verdict


def test_a_late_repeat_of_the_payout_before_a_correction_does_not_undo_it() -> None:
    known, past = standing("approved", "2.00", at=NOON), frozenset({HadPayout(Decimal("1.00"))})

    assert fold(known, standing("approved", "1.00"), CORRECT, past).verdict is Verdict.DUPLICATE
    assert fold(known, standing("approved", "1.00", at=NOON), CORRECT, past).verdict is Verdict.DUPLICATE
    assert fold(known, standing("approved", "1.00", at=NOON + timedelta(1)), CORRECT, past).verdict is Verdict.UPDATED


def test_a_repeat_of_what_was_before_a_refund_is_no_conflict() -> None:
    past = frozenset({HadPayout(Decimal(10))})

    assert fold(standing("approved", "6.00"), standing("approved", "10.00"), past=past).verdict is Verdict.DUPLICATE


@given(standings, standings)
def test_under_first_nothing_is_news(known: Standing, event: Standing) -> None:
    folded = fold(known, event, Rules(duplicates="first"))

    assert (folded.standing, folded.verdict, folded.change) == (known, Verdict.DUPLICATE, None)


@pytest.mark.parametrize(
    ("payout", "after", "change"),
    [
        (None, standing("reversed", "10.00"), Change("reversal", Decimal("-10.00"))),
        ("10.00", standing("reversed", "10.00"), Change("reversal", Decimal("-10.00"))),
        ("0.00", standing("reversed", "0.00"), Change("reversal", Decimal("-10.00"))),
        ("-10.00", standing("reversed", "10.00"), Change("reversal", Decimal("-10.00"))),
        ("-4.00", standing("approved", "6.00"), Change("refund", Decimal("-4.00"))),
    ],
)
def test_a_reversal_takes_all_or_an_amount(payout: str | None, after: Standing, change: Change) -> None:
    folded = fold(standing("approved", "10.00"), standing("reversed", payout, "USD" if payout else None))

    assert (folded.verdict, folded.standing, folded.change) == (Verdict.UPDATED, after, change)


@pytest.mark.parametrize(
    ("known", "event"),
    [
        (standing("approved", "10.00"), standing("reversed", "-10.01")),
        (standing("approved", "10.00"), standing("reversed", "-1.00", "EUR")),
        (standing("approved", None, None), standing("reversed", "-1.00")),
        (standing("approved", None, "USD"), standing("reversed", "-1.00")),
        (standing("reversed", "10.00"), standing("reversed", "-4.00")),
        (standing("rejected", "10.00"), standing("reversed", "-4.00")),
    ],
)
def test_no_total_becomes_negative(known: Standing, event: Standing) -> None:
    folded = fold(known, event)

    assert (folded.verdict, folded.standing) == (CONFLICT, known)


@pytest.mark.parametrize("payout", [None, "10.00", "-4.00"])
def test_a_reversal_from_before_what_stands_takes_nothing_back(payout: str | None) -> None:
    known = standing("approved", "10.00", at=NOON)

    folded = fold(known, standing("reversed", payout, "USD" if payout else None, NOON - timedelta(minutes=1)))

    assert (folded.verdict, folded.standing) == (Verdict.DUPLICATE, known)


def test_the_same_reversal_again_is_a_duplicate() -> None:
    for payout in ("10.00", "-10.00"):
        assert fold(standing("reversed", "10.00"), standing("reversed", payout)).verdict is Verdict.DUPLICATE


def test_two_refunds_of_one_amount_are_told_apart_by_their_own_ids() -> None:
    known, refund = standing("approved", "10.00"), standing("reversed", "-2.00")
    past = remember("refund", Decimal(12), Decimal(-2), None, "R1")

    assert fold(known, refund, past=past, refund_id="R1").verdict is Verdict.DUPLICATE
    assert fold(known, refund, past=past, refund_id="R2").verdict is Verdict.UPDATED
    assert fold(known, standing("reversed", "-3.00"), past=past, refund_id="R1").verdict is CONFLICT


def test_a_refund_whose_id_was_erased_equals_every_refund_of_its_amount() -> None:
    known, past = standing("approved", "10.00"), remember("refund", Decimal(12), Decimal(-2), None, FORGOTTEN)

    assert fold(known, standing("reversed", "-2.00"), past=past, refund_id="R1").verdict is Verdict.DUPLICATE
    assert fold(known, standing("reversed", "-3.00"), past=past, refund_id="R1").verdict is Verdict.UPDATED


def test_a_change_of_status_leaves_nothing_to_remember() -> None:
    assert remember("status", Decimal(12), Decimal(10), None, "R1") == frozenset()


def test_after_a_refund_another_payout_is_no_correction() -> None:
    known, past = standing("approved", "6.00"), remember("refund", Decimal(10), Decimal(-4), None, "R1")

    folded = fold(known, standing("approved", "10.50"), CORRECT, past)

    assert (folded.verdict, folded.standing) == (CONFLICT, known)
    assert fold(known, standing("approved", "6.00"), CORRECT, past).verdict is Verdict.DUPLICATE
    assert fold(known, standing("approved", "10.00"), CORRECT, past).verdict is Verdict.DUPLICATE


rules = st.builds(Rules, duplicates=st.sampled_from(DUPLICATES), may_reapprove=st.booleans())
reversals = standings.flatmap(
    lambda one: st.sampled_from([one, replace(one, payout=-one.payout if one.payout else None, status=Status.REVERSED)])
)
histories = st.lists(st.tuples(reversals, st.sampled_from([None, "R1", "R2"])), max_size=6)


def fold_all(known: Standing, events: list[tuple[Standing, str | None]], by: Rules) -> tuple[Standing, Decimal, Any]:
    """Fold one event after the other; gives the end, the sum of all differences, and the past."""
    past: Past = frozenset()
    total = Decimal(0)
    for event, refund_id in events:
        folded = fold(known, event, by, past, refund_id)
        if folded.change is not None:
            past |= remember(folded.change.kind, known.payout, event.payout, event.event_time, refund_id)
            total += folded.change.delta or 0
        known = folded.standing
    return known, total, past


@given(standings, histories, rules)
def test_no_history_makes_a_payout_negative(
    known: Standing, events: list[tuple[Standing, str | None]], by: Rules
) -> None:
    assert (fold_all(known, events, by)[0].payout or 0) >= 0


@given(standings, histories, rules)
def test_a_repeat_of_what_was_just_folded_is_never_news(
    known: Standing, events: list[tuple[Standing, str | None]], by: Rules
) -> None:
    end, _, past = fold_all(known, events, by)
    for event, refund_id in events[-1:]:
        again = fold(end, event, by, past, refund_id)

        assert (again.verdict is Verdict.UPDATED, again.standing, again.change) == (False, end, None)


@given(standings, histories, rules, standings.map(lambda one: one.event_time), st.sampled_from([None, "R1"]))
def test_what_repeats_the_present_state_is_a_duplicate_whatever_was_before(
    known: Standing,
    events: list[tuple[Standing, str | None]],
    by: Rules,
    at: datetime | None,
    refund_id: str | None,
) -> None:
    _, _, past = fold_all(known, events, by)

    assert fold(known, replace(known, event_time=at), by, past, refund_id) == Folded(known, Verdict.DUPLICATE)
    if known.status is Status.REVERSED and known.payout is not None:
        taken = replace(known, event_time=at, payout=-known.payout)
        assert fold(known, taken, by, past, refund_id) == Folded(known, Verdict.DUPLICATE)


@given(standings, reversals, rules)
def test_exactly_what_updates_a_conversion_is_a_change(known: Standing, event: Standing, by: Rules) -> None:
    folded = fold(known, event, by)

    assert (folded.change is not None) == (folded.verdict is Verdict.UPDATED)
    assert folded.verdict is Verdict.UPDATED or folded.standing == known


@given(standings, st.lists(st.decimals(0, 100, places=2), min_size=1, max_size=5))
def test_the_differences_of_all_corrections_add_up(known: Standing, payouts: list[Decimal]) -> None:
    opened = replace(known, status=Status.APPROVED, payout=known.payout or Decimal(0))
    events: list[tuple[Standing, str | None]] = [(replace(opened, payout=payout), None) for payout in payouts]

    end, total, _ = fold_all(opened, events, CORRECT)

    assert (opened.payout or 0) + total == end.payout


@given(st.lists(st.decimals(0, 100, places=2), min_size=2, max_size=5, unique=True), st.data())
def test_no_late_repeat_undoes_a_correction(payouts: list[Decimal], data: st.DataObject) -> None:
    events: list[tuple[Standing, str | None]] = [(standing("approved", str(payout)), None) for payout in payouts]
    end, _, past = fold_all(events[0][0], events[1:], CORRECT)

    late = data.draw(st.sampled_from(events))[0]

    assert fold(end, late, CORRECT, past).standing == end

"""The explanation of what a postback does to a known conversion: the rule that decides, and what to do next."""

from decimal import Decimal

import pytest

from postledger.ingest.receive import evaluate
from postledger.partners.explain import Facts, decline, explain
from postledger.partners.explanation import Answered, KnownConversion
from postledger.vocabulary.refusal import Reason, Refusal
from postledger.vocabulary.statuses import Status, Verdict
from tests.parts.mistaken_senders import make_source, v1


@pytest.mark.parametrize(
    ("known", "event", "verdict", "rule"),
    [
        (Status.APPROVED, "pending", Verdict.DUPLICATE, "pending after approved is old news"),
        (Status.APPROVED, "approved", Verdict.DUPLICATE, "a repeat with nothing new changes nothing"),
        (Status.PENDING, "approved", Verdict.UPDATED, "pending may become approved"),
        (Status.APPROVED, "reversed", Verdict.UPDATED, "a reversal takes back the conversion"),
        (Status.APPROVED, "reversed", Verdict.PARKED, "so many reversals in an hour wait until an operator decides"),
        (Status.REJECTED, "approved", Verdict.REFUSED, "rejected may not become approved"),
        (Status.APPROVED, "approved", Verdict.REFUSED, "another amount under the same key is a conflict"),
    ],
)
def test_the_rule_of_the_fold_is_named(known: Status, event: str, verdict: Verdict, rule: str) -> None:
    query = f"click_id=C1&transaction_id=T1&status={event}&payout=12.50&ts=1790000000"
    conflict = evaluate(v1(query, query), make_source()).refusal if verdict != Verdict.REFUSED else None
    if verdict == Verdict.REFUSED:
        conflict = Refusal(Reason.CONFLICT)
    before = KnownConversion("0197", known, Decimal("12.50"), "USD", "C1", None)

    found = explain(
        v1(query, query), make_source(), Answered(verdict, conflict, 200, b""), Facts(known=before), decline
    )

    assert found.fold is not None
    assert (found.fold.was, found.fold.rule) == (f"{known.value} 12.50 USD", rule)
    assert found.dedup is not None
    assert (found.dedup.known, found.dedup.first) == (True, "0197")


@pytest.mark.parametrize(
    ("known", "event", "rule", "advice"),
    [
        ((Status.REVERSED, "5", "USD"), "approved&payout=5", "reversed may not become approved", "Ask the operator"),
        ((Status.REJECTED, "5", "USD"), "reversed&payout=5", "this one is rejected", "Ask the operator"),
        ((Status.APPROVED, "5", "USD"), "reversed&payout=-9", "no more than the payout", "Correct the refund"),
        ((Status.APPROVED, "5", "EUR"), "reversed&payout=-5", "the currency of the conversion", "Correct the refund"),
        ((Status.APPROVED, None, None), "reversed&payout=-5", "a conversion with a payout", "Correct the refund"),
        ((Status.APPROVED, "5", "USD"), "reversed&payout=-5", "the same refund with another", "Correct the refund"),
        ((Status.APPROVED, "5", "EUR"), "reversed", "the same refund with another", "Correct the refund"),
        ((Status.APPROVED, "5", "EUR"), "reversed&payout=5", "the same refund with another", "Correct the refund"),
        ((Status.REVERSED, "5", "USD"), "reversed&payout=-4", "taken back already", "Correct the refund"),
        ((Status.APPROVED, "5", "USD"), "approved&payout=6", "another amount under", "Use another transaction id"),
    ],
)
def test_a_conflict_is_named_with_what_to_do(
    known: tuple[Status, str | None, str | None], event: str, rule: str, advice: str
) -> None:
    query = f"click_id=C1&transaction_id=T1&status={event}&ts=1790000000"
    status, payout, currency = known
    before = KnownConversion("0197", status, None if payout is None else Decimal(payout), currency, "C1", None)
    answered = Answered(Verdict.REFUSED, Refusal(Reason.CONFLICT), 409, b"")

    found = explain(v1(query, query), make_source(), answered, Facts(known=before), decline)

    assert found.fold is not None
    assert rule in found.fold.rule
    assert found.next.startswith(advice)

"""What the sender of a wrong value is advised: how to write the parameter that is refused."""

from typing import Any

import pytest

from postledger.decoding.amount_formats import AMOUNT_FORMS
from postledger.decoding.parameters import CANONICAL_NAMES, SUB_NAMES
from postledger.ingest.receive import evaluate
from postledger.partners.explain import Facts, decline, explain
from postledger.partners.explanation import Answered
from postledger.partners.next_steps import BY_CAUSE, BY_REASON
from postledger.partners.value_advice import BY_FORM, BY_PARAMETER, NEGATIVE, TEST
from postledger.vocabulary.refusal import Cause, Reason
from postledger.vocabulary.statuses import Verdict
from tests.parts.mistaken_senders import make_source, v1

_NEVER_INVALID = {
    *SUB_NAMES,
    "v",
    "sig",
    "payout",
}  # a label never costs the conversion; a payout has sentences by form


def advise(query: str, **settings: Any) -> str:
    """The sentence for a signed request that is refused."""
    source = make_source(click="optional", **settings)
    request = v1(query, query)
    refusal = evaluate(request, source).refusal
    assert refusal is not None
    return explain(request, source, Answered(Verdict.REFUSED, refusal, 400, b"{}"), Facts(), decline).next


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("click_id=C1&status=won", "status"),
        ("click_id=C1&currency=EURO", "currency"),
        ("click_id=C1&event=big%20sale", "event"),
        ("click_id=C1&event_time=yesterday", "event_time"),
        ("click_id=C1&event_time=2026-10-01T12:00:00", "event_time"),
        (f"click_id={'x' * 300}", "click_id"),
        (f"click_id=C1&transaction_id={'x' * 300}", "transaction_id"),
        ("click_id=C1&transaction_id=T2&reverses=T1&status=approved", "reverses"),
    ],
)
def test_a_wrong_value_is_told_its_format(query: str, parameter: str) -> None:
    assert advise(f"{query}&ts=1790000000") == BY_PARAMETER[parameter]


@pytest.mark.parametrize(
    ("sent", "forms", "form"),
    [
        ("12,50", [], "plain"),
        ("1e3", [], "plain"),
        ("12.50", ["comma"], "comma"),
        ("1.5", ["minor-units"], "minor-units"),
    ],
)
def test_a_wrong_amount_is_told_the_format_of_the_source(sent: str, forms: list[str], form: Any) -> None:
    assert advise(f"click_id=C1&payout={sent}&ts=1790000000", amount=forms) == BY_FORM[form]


def test_an_amount_below_zero_is_told_what_it_means() -> None:
    assert advise("click_id=C1&payout=-5&ts=1790000000") == NEGATIVE


def test_a_test_of_a_network_is_no_mistake() -> None:
    assert advise("click_id=C1&mode=TEST&ts=1790000000", test_parameters={"mode": ["test"]}) == TEST


def test_a_cause_says_more_than_the_format() -> None:
    assert advise("click_id=null&ts=1790000000") == BY_CAUSE[Cause.NO_VALUE]


def test_another_refusal_keeps_its_own_sentence() -> None:
    assert advise("payout=1&ts=1790000000") == BY_REASON[Reason.MISSING_PARAMETER]


def test_each_parameter_and_format_has_a_sentence() -> None:
    assert set(BY_PARAMETER) == {*CANONICAL_NAMES, "items"} - _NEVER_INVALID
    assert set(BY_FORM) == set(AMOUNT_FORMS)

"""What postbacks raise: alike ones together, each once, and nothing before it is time."""

from decimal import Decimal

import pytest
from prometheus_client import CollectorRegistry

from postledger.ledger.entry import Outcome, refused
from postledger.metrics.postback_counters import PostbackCounters
from postledger.vocabulary.conversion_event import Event
from postledger.vocabulary.refusal import Reason
from postledger.vocabulary.selftest import SELFTEST
from postledger.vocabulary.statuses import Status, Verdict

SALE = Event("t", "sale", "c", "t", Status.APPROVED, None, Decimal(1), "USD", None, None, None)
ACCEPTED = Outcome(Verdict.ACCEPTED, status=Status.APPROVED, campaign_id=1)


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def counters(registry: CollectorRegistry) -> PostbackCounters:
    return PostbackCounters(registry)


def raised(registry: CollectorRegistry) -> dict[tuple[str, ...], float]:
    """The counters that stand above zero, by name and label values."""
    samples = [sample for metric in registry.collect() for sample in metric.samples if sample.name.endswith("_total")]
    return {
        (sample.name.removeprefix("postledger_").removesuffix("_total"), *sample.labels.values()): sample.value
        for sample in samples
        if sample.value
    }


def test_alike_ones_are_raised_together_and_once(counters: PostbackCounters, registry: CollectorRegistry) -> None:
    for _ in range(3):
        counters.tally("acme", "spring", ACCEPTED, SALE)
    counters.tally("acme", "spring", Outcome(Verdict.DUPLICATE, status=Status.APPROVED), SALE)
    assert raised(registry) == {}

    counters.increment_all()
    counters.increment_all()

    assert raised(registry) == {
        ("postbacks", "acme", "accepted"): 3,
        ("postbacks", "acme", "duplicate"): 1,
        ("conversions", "spring", "approved"): 3,
        ("conversions_opened", "spring"): 3,
        ("payouts", "acme", "USD", "1"): 3,
    }


def test_a_refusal_raises_its_reason_and_no_payout(counters: PostbackCounters, registry: CollectorRegistry) -> None:
    counters.tally("acme", "unknown", refused(Reason.CONFLICT), SALE)
    counters.increment_all()

    assert raised(registry) == {("postbacks", "acme", "refused"): 1, ("refusals", "acme", "conflict"): 1}


def test_observed_reasons_and_imported_clicks_have_their_own_counters(
    counters: PostbackCounters, registry: CollectorRegistry
) -> None:
    observed = (Reason.IP_NOT_ALLOWED, Reason.BAD_SIGNATURE)
    counters.tally("acme", "spring", Outcome(Verdict.ACCEPTED, observed=observed, is_of_imported_click=True), None)
    counters.tally("acme", "spring", Outcome(Verdict.PARKED), None)
    counters.increment_all()

    assert raised(registry) == {
        ("postbacks", "acme", "accepted"): 1,
        ("postbacks", "acme", "parked"): 1,
        ("observed", "acme", "ip_not_allowed"): 1,
        ("observed", "acme", "bad_signature"): 1,
        ("conversions_of_imported_clicks", "spring"): 1,
    }


def test_a_bug_in_one_does_not_raise_the_others_again(counters: PostbackCounters, registry: CollectorRegistry) -> None:
    counters.tally("acme", "spring", Outcome(Verdict.UPDATED), None)
    counters.tally("acme", "spring", Outcome("no verdict"), None)  # type: ignore[arg-type] # that is the bug

    with pytest.raises(AttributeError):
        counters.increment_all()
    counters.increment_all()

    assert raised(registry) == {("postbacks", "acme", "updated"): 1}


def test_the_self_test_raises_nothing(counters: PostbackCounters, registry: CollectorRegistry) -> None:
    counters.tally(SELFTEST, "unknown", ACCEPTED, SALE)
    counters.tally(SELFTEST, "unknown", Outcome(Verdict.DUPLICATE, status=Status.APPROVED), SALE)
    counters.increment_all()

    assert raised(registry) == {}


def test_a_refused_self_test_is_counted_as_unknown(counters: PostbackCounters, registry: CollectorRegistry) -> None:
    counters.tally(SELFTEST, "unknown", refused(Reason.BAD_SIGNATURE), None)
    counters.increment_all()

    assert raised(registry) == {("postbacks", "unknown", "refused"): 1, ("refusals", "unknown", "bad_signature"): 1}

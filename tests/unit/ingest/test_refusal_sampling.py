"""What keeps a flood of forgeries out of the ledger."""

from datetime import UTC, datetime

import pytest

from postledger.ingest.refusal_sampling import Allowance, RefuseStranger
from postledger.ledger.entry import Entry, Outcome
from postledger.vocabulary.refusal import Reason, Refusal, Refused, Shed
from postledger.vocabulary.statuses import Verdict

FORGED = Refusal(Reason.BAD_SIGNATURE)
ENTRY = Entry("receipt", datetime(2026, 11, 29, tzinfo=UTC), "GET", refusal=FORGED)


def test_it_grants_so_many_in_a_second_and_as_many_in_the_next() -> None:
    now_s = 10.0
    allowance = Allowance(2, lambda: now_s)

    first_second = [allowance.take() for _ in range(4)]
    now_s = 11.2
    next_second = [allowance.take() for _ in range(3)]

    assert (first_second, next_second) == ([True, True, False, False], [True, True, False])


@pytest.mark.parametrize("dropped", [Shed(), Refused(Reason.UNAVAILABLE)])
def test_a_refusal_whose_row_is_dropped_keeps_its_reason_and_counts(dropped: Refused) -> None:
    unrecorded: list[str | None] = []

    def drop(entry: Entry) -> Outcome:
        raise dropped

    outcome = RefuseStranger(drop, lambda: True, unrecorded.append)("acme", ENTRY, FORGED)

    assert (outcome, unrecorded) == (Outcome(Verdict.REFUSED, FORGED), ["acme"])


def test_a_recorded_refusal_is_not_counted_as_unrecorded() -> None:
    unrecorded: list[str | None] = []
    stored = Outcome(Verdict.REFUSED, FORGED)

    outcome = RefuseStranger(lambda entry: stored, lambda: True, unrecorded.append)("acme", ENTRY, FORGED)

    assert (outcome, unrecorded) == (stored, [])

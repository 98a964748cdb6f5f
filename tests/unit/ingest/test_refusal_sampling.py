"""What keeps a flood of forgeries out of the ledger."""

from datetime import UTC, datetime
from typing import Any

import pytest

from postledger.ingest.refusal_sampling import Allowance, RefuseStranger
from postledger.ledger.entry import Entry, Outcome, Unrecorded
from postledger.vocabulary.refusal import Reason, Refusal, Refused, Shed
from postledger.vocabulary.statuses import Verdict

FORGED = Refusal(Reason.BAD_SIGNATURE)
RECORDED = Outcome(Verdict.REFUSED, FORGED)
ENTRY = Entry("receipt", datetime(2026, 11, 29, tzinfo=UTC), "GET", refusal=FORGED)


def test_it_grants_so_many_in_a_second_and_as_many_in_the_next() -> None:
    now_s = 10.0
    allowance = Allowance(2, lambda: now_s)

    first_second = [allowance.take() for _ in range(4)]
    now_s = 11.2
    next_second = [allowance.take() for _ in range(3)]

    assert (first_second, next_second) == ([True, True, False, False], [True, True, False])


def refuse(*, may_record: bool = True, is_spent: bool = False, dropped: Refused | None = None) -> Outcome:
    """Refuse the forged entry; its row is recorded unless something drops it."""

    def record(entry: Entry) -> Outcome:
        if dropped is not None:
            raise dropped
        return RECORDED

    return RefuseStranger(record, lambda: may_record, lambda entry: is_spent)(ENTRY, FORGED)


def test_a_refusal_within_sample_and_budget_is_recorded() -> None:
    assert refuse() is RECORDED


@pytest.mark.parametrize(
    ("circumstances", "cause"),
    [
        ({"dropped": Shed()}, Unrecorded.QUEUE),
        ({"dropped": Refused(Reason.UNAVAILABLE)}, Unrecorded.QUEUE),
        ({"may_record": False}, Unrecorded.SAMPLED),
        ({"is_spent": True}, Unrecorded.BUDGET),
    ],
)
def test_a_refusal_without_a_row_keeps_its_reason(circumstances: dict[str, Any], cause: Unrecorded) -> None:
    assert refuse(**circumstances) == Outcome(Verdict.REFUSED, FORGED, unrecorded=cause)


def test_a_spent_budget_uses_nothing_of_the_sample() -> None:
    taken: list[bool] = []

    def take() -> bool:
        taken.append(True)
        return True

    RefuseStranger(lambda entry: RECORDED, take, lambda entry: True)(ENTRY, FORGED)

    assert taken == []

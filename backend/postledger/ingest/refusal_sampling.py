"""Records the refusals that can be caused without a secret, as far as a flood of them cannot fill the ledger."""

from collections.abc import Callable

from postledger.ledger.entry import Entry, Outcome, Unrecorded
from postledger.vocabulary.refusal import Refusal, Refused
from postledger.vocabulary.statuses import Verdict

UNAUTHENTICATED_PER_SECOND = 50


class Allowance:
    """Gives at most `per_second` grants in each second of a clock."""

    def __init__(self, per_second: int, clock_s: Callable[[], float]) -> None:
        self._per_second, self._clock_s = per_second, clock_s
        self._second, self._granted = -1, 0

    def take(self) -> bool:
        """Take a grant; false if the current second has none left."""
        second = int(self._clock_s())
        if second != self._second:
            self._second, self._granted = second, 0
        self._granted += 1
        return self._granted <= self._per_second


class RefuseStranger:
    """Settles a refusal without a secret: records a sample, within the byte budget.

    `record` may drop an entry; it raises `Refused` then. `is_spent` returns whether an entry's budget is spent.
    """

    def __init__(
        self,
        record: Callable[[Entry], Outcome],
        may_record: Callable[[], bool],
        is_spent: Callable[[Entry], bool],
    ) -> None:
        self._record, self._may_record, self._is_spent = record, may_record, is_spent

    def __call__(self, entry: Entry, refusal: Refusal) -> Outcome:
        """Record a refusal if it may be, and return it in any case.

        Without a row it is no 503, because a repeat of such a request is not more valid.
        """
        if self._is_spent(entry):
            return Outcome(Verdict.REFUSED, refusal, unrecorded=Unrecorded.BUDGET)
        if not self._may_record():
            return Outcome(Verdict.REFUSED, refusal, unrecorded=Unrecorded.SAMPLED)
        try:
            return self._record(entry)
        except Refused:
            return Outcome(Verdict.REFUSED, refusal, unrecorded=Unrecorded.QUEUE)

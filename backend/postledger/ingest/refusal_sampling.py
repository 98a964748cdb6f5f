"""Records the refusals that can be caused without a secret, as far as a flood of them cannot fill the ledger."""

from collections.abc import Callable

from postledger.ledger.entry import Entry, Outcome
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
    """Settles a refusal without a secret: records a sample, and counts what is not recorded.

    `record` may drop an entry; it raises `Refused` then.
    """

    def __init__(
        self,
        record: Callable[[Entry], Outcome],
        may_record: Callable[[], bool],
        count_unrecorded: Callable[[str | None], None],
    ) -> None:
        self._record, self._may_record, self._count_unrecorded = record, may_record, count_unrecorded

    def __call__(self, slug: str | None, entry: Entry, refusal: Refusal) -> Outcome:
        """Record the refusal of a request to that source if it may be, and return it in any case.

        Without a row it is no 503, because a repeat of such a request is not more valid.
        """
        try:
            if self._may_record():
                return self._record(entry)
        except Refused:
            pass
        self._count_unrecorded(slug)
        return Outcome(Verdict.REFUSED, refusal)

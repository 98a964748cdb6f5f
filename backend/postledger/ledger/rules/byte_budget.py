"""The byte budget of requests without a matching secret: how much of the audit they may fill in one day (UTC).

A worker leases bytes of the budget from the ledger, some at a time, and spends them without asking again. What is
leased never exceeds the budget, so it holds for all workers together, and over every restart. Pure.
"""

from collections.abc import Iterable, Mapping
from datetime import date

import msgspec

UNKNOWN_SOURCE = 0
"""The account of requests for sources that do not exist."""
ROW_BYTES = 448
"""What one audit row and its index entries take at most, without `raw` and the ids."""
SHARE_OF_SOURCE = 8
"""One source may spend an eighth of the budget, so that a flood of forgeries for it leaves room for the others."""
_LEASE_BYTES = 64 * 1024
_LEASES_OF_SOURCE = 16

Account = tuple[date, int]
"""A day, and the id of a source or `UNKNOWN_SOURCE`."""


class Limits(msgspec.Struct, frozen=True):
    """The budget of one day in bytes, of all sources together."""

    total: int

    @property
    def of_source(self) -> int:
        """What one source may spend of it."""
        return self.total // SHARE_OF_SOURCE

    @property
    def lease(self) -> int:
        """How much a worker leases at once. What a worker does not spend of its leases is lost for that day."""
        return min(_LEASE_BYTES, self.of_source // _LEASES_OF_SOURCE)


def grant(asked: Mapping[int, int], used: Mapping[int, int], limits: Limits) -> dict[int, int]:
    """Return how many bytes each source gets, by what was leased on that day before."""
    left, granted = limits.total - sum(used.values()), {}
    for source, wanted in asked.items():
        granted[source] = max(0, min(wanted, limits.of_source - used.get(source, 0), left))
        left -= granted[source]
    return granted


class Leases:
    """The leases of one worker."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._left: dict[Account, int] = {}
        self._spent: set[Account] = set()

    def is_spent(self, account: Account) -> bool:
        """Return whether the ledger had not enough left of that day's budget. Only another day changes that."""
        return account in self._spent

    def list_missing(self, costs: Iterable[tuple[Account, int]]) -> dict[Account, int]:
        """List what must be leased before these costs can be paid."""
        needed: dict[Account, int] = {}
        for account, cost in costs:
            if account not in self._spent:
                needed[account] = needed.get(account, 0) + cost
        missing = {account: cost - self._left.get(account, 0) for account, cost in needed.items()}
        return {account: max(more, self.limits.lease) for account, more in missing.items() if more > 0}

    def add(self, account: Account, asked: int, granted: int) -> None:
        """Add a lease. One that is smaller than what was asked for is the last one of that day."""
        self._left[account] = self._left.get(account, 0) + granted
        if granted < asked:
            self._spent.add(account)
        self._forget_before(account[0])

    def pay(self, account: Account, cost: int) -> bool:
        """Pay a cost from the lease of an account, if it covers it."""
        left = self._left.get(account, 0) - cost
        if left < 0:
            return False
        self._left[account] = left
        return True

    def give_back(self, account: Account, cost: int) -> None:
        """Give back what was paid for a row that turned out to be no refusal."""
        self._left[account] += cost

    def _forget_before(self, day: date) -> None:
        # Yesterday stays: clocks of requests and days differ by a moment at midnight.
        for account in [one for one in self._left if (day - one[0]).days > 1]:
            del self._left[account]
            self._spent.discard(account)

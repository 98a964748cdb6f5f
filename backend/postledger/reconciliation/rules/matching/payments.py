"""The payments that were matched, so that a return finds the one that it takes back."""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal

from postledger.finance.rules.bill_amounts import add
from postledger.reconciliation.rules.matching.subjects import ItemKind, Line, LineKey, Settled

_NO_REFERENCE = ("", "NOTPROVIDED", "NONREF")
"""What banks write if there is no end-to-end reference."""
_OTHER: dict[ItemKind, ItemKind] = {"bill": "receivable", "receivable": "bill"}
"""What a line of the other sign pays."""


class Payments:
    """Payments by what they pay, by account and by reference. One that was returned as a whole is not found again."""

    def __init__(self, settled: Iterable[Settled]) -> None:
        self._by: dict[tuple[object, ItemKind], list[Settled]] = defaultdict(list)
        self._left: dict[LineKey, Decimal] = {}
        for each in sorted(settled, key=lambda each: each.line.order):
            self.add(each)

    def add(self, settled: Settled) -> None:
        """Add a payment, or a return, which takes back the newest payment that it can be of."""
        if not _is_return(settled):
            self._left[settled.line.key] = _sum_applied(settled)
            for key in dict.fromkeys((*settled.match.items, settled.match.items, *_list_traits(settled.line))):
                self._by[key, settled.line.pays].append(settled)
        elif payment := self._find_returned(settled):
            self._left[payment.line.key] += _sum_applied(settled)

    def left(self, payment: Settled) -> Decimal:
        """Return what of a payment did not come back, in the currency of what it pays."""
        return self._left[payment.line.key]

    def is_whole(self, payment: Settled) -> bool:
        """Return whether nothing of a payment came back."""
        return self.left(payment) == _sum_applied(payment)

    def find_of_items(self, items: Iterable[str], line: Line) -> list[Settled]:
        """Return the payments of items that a line can take back, the newest last."""
        return self._find_any(items, line)

    def find_alike(self, line: Line) -> list[Settled]:
        """Return the payments with the account or the reference of a line, the newest last."""
        return self._find_any(_list_traits(line), line)

    def find_by_reference(self, line: Line) -> list[Settled]:
        """Return the payments with the reference of a line, the newest last."""
        return self._find_any(_list_references(line), line)

    def _find_returned(self, settled: Settled) -> Settled | None:
        """Payments of the same items go first, and so do those of which as much is left."""
        items, amount = settled.match.items, -_sum_applied(settled)
        found = self._find(items, settled.line) or self.find_of_items(items, settled.line)
        enough = [each for each in found if self.left(each) >= amount]
        return next(reversed(enough or found), None)

    def _find_any(self, keys: Iterable[object], line: Line) -> list[Settled]:
        found = {each.line.key: each for key in keys for each in self._find(key, line)}
        return sorted(found.values(), key=lambda each: each.line.order)

    def _find(self, key: object, line: Line) -> list[Settled]:
        return [
            each
            for each in self._by.get((key, _OTHER[line.pays]), ())
            if self.left(each) > 0 and each.line.day <= line.day
        ]


def _is_return(settled: Settled) -> bool:
    return any(part.applied is not None and part.applied < 0 for part in settled.match.parts)


def _sum_applied(settled: Settled) -> Decimal:
    return add(part.applied for part in settled.match.parts if part.applied is not None)


def _list_traits(line: Line) -> list[object]:
    by_account = [] if line.account_hash is None else [("account", line.account_hash)]
    return [*by_account, *_list_references(line)]


def _list_references(line: Line) -> list[object]:
    reference = (line.end_to_end or "").strip().upper()
    return [] if reference in _NO_REFERENCE else [("reference", reference)]

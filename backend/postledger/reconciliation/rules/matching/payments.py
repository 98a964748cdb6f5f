"""The payments that were matched, so that a return finds the one that it takes back."""

from collections import defaultdict
from collections.abc import Iterable

from postledger.reconciliation.rules.matching.subjects import ItemKind, Line, LineKey, Settled

_NO_REFERENCE = ("", "NOTPROVIDED", "NONREF")
"""What banks write if there is no end-to-end reference."""
_OTHER: dict[ItemKind, ItemKind] = {"bill": "receivable", "receivable": "bill"}
"""What a line of the other sign pays."""


class Payments:
    """Payments by what they pay, by account and by reference. One that was returned is not found again."""

    def __init__(self, settled: Iterable[Settled]) -> None:
        self._by: dict[tuple[object, ItemKind], list[Settled]] = defaultdict(list)
        self._returned: set[LineKey] = set()
        for each in sorted(settled, key=lambda each: each.line.order):
            self.add(each)

    def add(self, settled: Settled) -> None:
        """Add a payment, or a return, which takes back the newest payment of the same items."""
        if not _is_return(settled):
            for key in (*settled.match.items, settled.match.items, *_list_traits(settled.line)):
                self._by[key, settled.line.pays].append(settled)
        elif same := self._find(settled.match.items, settled.line):
            self._returned.add(same[-1].line.key)

    def find_of_items(self, items: Iterable[str], line: Line) -> list[Settled]:
        """Return the payments of items that a line can take back, the newest last."""
        found = {each.line.key: each for item in items for each in self._find(item, line)}
        return sorted(found.values(), key=lambda each: each.line.order)

    def find_alike(self, line: Line) -> list[Settled]:
        """Return the payments with the account or the reference of a line, the newest last."""
        found = {each.line.key: each for trait in _list_traits(line) for each in self._find(trait, line)}
        return sorted(found.values(), key=lambda each: each.line.order)

    def _find(self, key: object, line: Line) -> list[Settled]:
        return [
            each
            for each in self._by.get((key, _OTHER[line.pays]), ())
            if each.line.key not in self._returned and each.line.day <= line.day
        ]


def _is_return(settled: Settled) -> bool:
    return any(part.applied is not None and part.applied < 0 for part in settled.match.parts)


def _list_traits(line: Line) -> list[object]:
    reference = (line.end_to_end or "").strip().upper()
    by_reference = [] if reference in _NO_REFERENCE else [("reference", reference)]
    return [*([] if line.account_hash is None else [("account", line.account_hash)]), *by_reference]

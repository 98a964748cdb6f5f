"""What is open of each bill and receivable while lines are matched: found by payee, and by amount."""

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Iterable, Iterator
from decimal import Decimal
from heapq import merge

from postledger.reconciliation.rules.matching.subjects import Item, ItemKind, Part

_Key = tuple[str, ItemKind, str]
_Entry = tuple[Decimal, tuple[object, str], str]


class OpenItems:
    """The open items. Each is payable, and some of its amount is not paid yet."""

    def __init__(self, items: Iterable[Item]) -> None:
        self._items = {item.id: item for item in items}
        self._paid = {item.id: item.paid for item in self._items.values()}
        self._open: dict[_Key, list[_Entry]] = defaultdict(list)
        self._by_age: dict[_Key, list[Item]] = {}  # until something of it is paid
        self._totals: dict[_Key, Decimal] = defaultdict(Decimal)
        self._currencies: dict[tuple[str, ItemKind], set[str]] = defaultdict(set)
        for item in self._items.values():
            if item.payable and self.left(item) > 0:
                self._open[_key(item)].append(self._entry(item))
                self._count(item, self.left(item))
        for entries in self._open.values():
            entries.sort()

    def __getitem__(self, item_id: str) -> Item:
        return self._items[item_id]

    def left(self, item: Item) -> Decimal:
        """Return what is not paid yet. Below zero if more was paid."""
        return item.amount - self._paid[item.id]

    def is_paid(self, item_id: str | None, amount: Decimal) -> bool:
        """Return whether at least an amount of an item is paid."""
        return item_id in self._items and self._paid[item_id] >= amount

    def pay(self, parts: Iterable[Part]) -> None:
        """Count the payments among parts."""
        for part in parts:
            if part.item in self._items and part.applied is not None:
                self._pay(self._items[part.item], part.applied)

    def list_currencies(self, payees: Iterable[str], kind: ItemKind) -> list[str]:
        """Return the currencies in which payees have or had something open."""
        return sorted({currency for payee in payees for currency in self._currencies[payee, kind]})

    def list_open(self, payees: Iterable[str], kind: ItemKind, currency: str) -> list[Item]:
        """Return what is open of payees, the oldest first."""
        lists = [self._list_by_age((payee, kind, currency)) for payee in payees]
        return lists[0] if len(lists) == 1 else list(merge(*lists, key=lambda item: item.order))

    def count(self, payees: Iterable[str], kind: ItemKind, currency: str) -> int:
        """Return how many items of payees are open."""
        return sum(len(self._open[payee, kind, currency]) for payee in payees)

    def total(self, payees: Iterable[str], kind: ItemKind, currency: str) -> Decimal:
        """Return the sum of what is open of payees."""
        return sum((self._totals[payee, kind, currency] for payee in payees), Decimal(0))

    def find(self, payees: Iterable[str], kind: ItemKind, currency: str, low: Decimal, high: Decimal) -> list[Item]:
        """Return the items of payees of which an amount from low to high is open, the smallest first."""
        found: list[Item] = []
        for payee in payees:
            entries = self._open[payee, kind, currency]
            first = bisect_left(entries, low, key=_amount_of)
            last = bisect_right(entries, high, lo=first, key=_amount_of)
            found += [self._items[entry[2]] for entry in entries[first:last]]
        return found

    def find_near(self, payees: Iterable[str], kind: ItemKind, currency: str, amount: Decimal, most: int) -> list[Item]:
        """Return the items of payees of which about an amount is open, so many above it and below it."""
        found: list[Item] = []
        for payee in payees:
            entries = self._open[payee, kind, currency]
            place = bisect_left(entries, amount, key=_amount_of)
            found += [self._items[entry[2]] for entry in entries[max(place - most, 0) : place + most]]
        return found

    def list_all(self) -> Iterator[Item]:
        """Return every open item."""
        return (self._items[entry[2]] for entries in self._open.values() for entry in entries)

    def _list_by_age(self, key: _Key) -> list[Item]:
        if key not in self._by_age:
            found = [self._items[entry[2]] for entry in self._open[key]]
            self._by_age[key] = sorted(found, key=lambda item: item.order)
        return self._by_age[key]

    def _pay(self, item: Item, applied: Decimal) -> None:
        entries = self._open[_key(item)]
        self._by_age.pop(_key(item), None)
        if item.payable and self.left(item) > 0:
            del entries[bisect_left(entries, self._entry(item))]
            self._count(item, -self.left(item))
        self._paid[item.id] += applied
        if item.payable and self.left(item) > 0:
            insort(entries, self._entry(item))
            self._count(item, self.left(item))

    def _count(self, item: Item, change: Decimal) -> None:
        self._totals[_key(item)] += change
        self._currencies[item.payee, item.kind].add(item.currency)

    def _entry(self, item: Item) -> _Entry:
        return self.left(item), item.order, item.id


def _key(item: Item) -> _Key:
    return item.payee, item.kind, item.currency


def _amount_of(entry: _Entry) -> Decimal:
    return entry[0]

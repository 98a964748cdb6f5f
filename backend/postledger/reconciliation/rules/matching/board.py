"""What is known while lines are matched: what is open, whom a line pays, what it names, and what is done."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

import msgspec

from postledger.reconciliation.rules.matching.bill_numbers import find_mentions, index_numbers
from postledger.reconciliation.rules.matching.open_items import OpenItems
from postledger.reconciliation.rules.matching.payments import Payments
from postledger.reconciliation.rules.matching.subjects import (
    Item,
    ItemKind,
    Line,
    LineKey,
    Match,
    Payee,
    Reason,
    Settled,
    Terms,
)
from postledger.reconciliation.rules.matching.subset_sums import SubsetSums


class Who(msgspec.Struct, frozen=True):
    """The payees that a line can belong to. `reason`: why they are not certain enough for every match."""

    payees: tuple[str, ...] = ()
    reason: Reason | None = None


class Named(msgspec.Struct, frozen=True):
    """The items that a line names. `reason`: why it must not be matched by them."""

    items: tuple[Item, ...] = ()
    reason: Reason | None = None

    @property
    def ids(self) -> frozenset[str]:
        """Their ids."""
        return frozenset(item.id for item in self.items)


class Board:
    """The state of one run of the matcher."""

    def __init__(
        self,
        lines: Iterable[Line],
        items: Sequence[Item],
        payees: Sequence[Payee],
        settled: Iterable[Settled],
        terms: Terms,
    ) -> None:
        self.terms, self.items = terms, OpenItems(items)
        self._payees, self._numbers = _Payees(payees), index_numbers(items)
        self._sums: dict[tuple[tuple[Item, Decimal], ...], SubsetSums] = {}
        self.lines = sorted(lines, key=lambda line: line.order)
        self.done: dict[LineKey, Match] = {}
        self.payments = Payments(settled)
        self._who = {line.key: self._payees.find(line) for line in self.lines}
        self._named = {line.key: self._read_named(line) for line in self.lines}
        self._together: dict[frozenset[str], int] = defaultdict(int)
        self._sum_together: dict[frozenset[str], Decimal] = defaultdict(Decimal)
        for line in self.lines:
            self._count_together(line, 1)

    def who(self, line: Line) -> Who:
        """Return whom a line belongs to."""
        return self._who[line.key]

    def is_name_enough(self, line: Line) -> bool:
        """Return whether the name alone says whom a line pays: nothing speaks against it, and it is the name of one."""
        who = self._who[line.key]
        return who.reason is Reason.NAME_ONLY and len(who.payees) == 1

    def named(self, line: Line) -> Named:
        """Return what a line names."""
        return self._named[line.key]

    def list_waiting(self) -> list[Line]:
        """Return the lines that may be matched and are not yet, the oldest first."""
        return [line for line in self.lines if line.key not in self.done and not line.undone]

    def sum_together(self, line: Line) -> Decimal | None:
        """Return what the waiting lines that name the same items pay, if there are several."""
        ids = self.named(line).ids
        return self._sum_together[ids] if self._together[ids] > 1 else None

    def settle(self, line: Line, match: Match) -> None:
        """Match a line."""
        self.done[line.key] = match
        self.items.pay(match.parts)
        self.payments.add(Settled(line, match))
        self._count_together(line, -1)

    def sums(self, due: Sequence[tuple[Item, Decimal]]) -> SubsetSums:
        """Return the sums of what is due. Lines of one payee ask for the same ones."""
        key = tuple(due)
        if key not in self._sums:
            self._sums[key] = SubsetSums([amount for _, amount in due])
        return self._sums[key]

    def list_due(self, who: Who, kind: ItemKind, currency: str) -> list[tuple[Item, Decimal]]:
        """Return what is open of payees, the oldest first."""
        return list(self.iterate_due(who, kind, currency))

    def iterate_due(self, who: Who, kind: ItemKind, currency: str) -> Iterator[tuple[Item, Decimal]]:
        """Return what is open of payees, the oldest first, as far as it is asked for."""
        return ((item, self.items.left(item)) for item in self.items.list_open(who.payees, kind, currency))

    def _read_named(self, line: Line) -> Named:
        mentions = find_mentions(line.text, self._numbers)
        if any(len(each) > 1 for each in mentions):
            return Named(_sort(mentions), Reason.AMBIGUOUS_NUMBER)
        items = _sort(mentions)
        return Named(items, self._find_obstacle(line, items))

    def _find_obstacle(self, line: Line, items: Sequence[Item]) -> Reason | None:
        if any(not item.payable for item in items):
            return Reason.NOT_APPROVED
        if len({item.currency for item in items}) > 1:
            return Reason.SEVERAL_CURRENCIES
        of_account = self._payees.find_by_account(line)
        if items and of_account and not {item.payee for item in items} & set(of_account):
            return Reason.OTHER_ACCOUNT
        return None

    def _count_together(self, line: Line, change: int) -> None:
        named = self.named(line)
        if named.items and not line.reversal and {item.kind for item in named.items} == {line.pays}:
            self._together[named.ids] += change
            self._sum_together[named.ids] += change * abs(line.amount)


def _sort(mentions: Iterable[Iterable[Item]]) -> tuple[Item, ...]:
    return tuple(sorted({item for each in mentions for item in each}, key=lambda item: item.order))


class _Payees:
    """Finds payees by account and name."""

    def __init__(self, payees: Iterable[Payee]) -> None:
        self._by_account: dict[bytes, list[Payee]] = defaultdict(list)
        self._by_name: dict[str, list[Payee]] = defaultdict(list)
        for payee in sorted(payees, key=lambda payee: payee.id):
            self._by_name[_normalize_name(payee.name)].append(payee)
            if payee.account_hash is not None:
                self._by_account[payee.account_hash].append(payee)

    def find_by_account(self, line: Line) -> tuple[str, ...]:
        """Return the payees with the account of a line."""
        if line.account_hash is None:
            return ()
        return tuple(payee.id for payee in self._by_account.get(line.account_hash, ()))

    def find(self, line: Line) -> Who:
        """Return the payees with the account of a line, else those with its name."""
        if of_account := self.find_by_account(line):
            return Who(of_account)
        name = _normalize_name(line.name)
        named = self._by_name.get(name, []) if name else []
        if line.account_hash is not None and any(payee.account_hash is not None for payee in named):
            reason = Reason.OTHER_ACCOUNT  # we know another account of this payee
        else:
            reason = Reason.NAME_ONLY
        return Who(tuple(payee.id for payee in named), reason) if named else Who()


def _normalize_name(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum())

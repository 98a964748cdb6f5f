"""Puts statements together from two readings of a file: one for their heads, one for their lines.

Balances often stand behind the lines, and a file that is cut off must be refused before a line of it counts.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date

from msgspec.structs import replace

from postledger.reconciliation.readers.rows import BadFile
from postledger.reconciliation.rules.statement_lines import BankLine, BankStatement, LineFault

MOST_STATEMENTS = 100_000
Numbered = Iterator[tuple[int, BankLine | LineFault]]
"""Lines, each with the index of its statement, in the order of the statements."""


class Days:
    """The first and the last of some days."""

    def __init__(self) -> None:
        self.first: date | None = None
        self.last: date | None = None

    def add(self, day: date | None) -> None:
        """Note a day."""
        if day is not None:
            self.first = day if self.first is None else min(self.first, day)
            self.last = day if self.last is None else max(self.last, day)


def check_number(statements: int) -> None:
    """Raise `BadFile` if a file has none, or too many."""
    if not 0 < statements <= MOST_STATEMENTS:
        raise BadFile("has no statement" if statements == 0 else f"has more than {MOST_STATEMENTS} statements")


def combine(heads: Iterable[BankStatement], lines: Numbered) -> Iterator[BankStatement]:
    """Give each statement its lines. Statements of one account and number get numbers that tell them apart."""
    seen, source = Counter[tuple[str, str | None]](), _Lines(lines)
    for index, head in enumerate(heads):
        seen[head.account, head.number] += 1
        nth = seen[head.account, head.number]
        number = head.number if nth == 1 else f"{head.number or ''}#{nth}"
        yield replace(head, number=number, lines=source.of(index))


class _Lines:
    """Reads the lines of one statement after the other."""

    def __init__(self, lines: Numbered) -> None:
        self._lines = lines
        self._next: tuple[int, BankLine | LineFault] | None = None  # was read, and belongs to a later statement

    def of(self, statement: int) -> Iterator[BankLine | LineFault]:
        while (found := self._next or next(self._lines, None)) is not None and found[0] <= statement:
            self._next = None
            if found[0] == statement:
                yield found[1]
        self._next = found

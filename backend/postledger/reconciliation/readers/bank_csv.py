"""Reads bank statements in CSV, by the format of the bank account.

A file can hold several accounts and currencies: each is a statement of its own.
"""

import io
from collections import deque
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import IO

from postledger.reconciliation.readers.csv_rows import read_csv
from postledger.reconciliation.readers.rows import BadFile, OnBadBytes
from postledger.reconciliation.readers.statement_parts import Days, Numbered, combine
from postledger.reconciliation.rules.bank_format import BankFormat
from postledger.reconciliation.rules.cells import Cell
from postledger.reconciliation.rules.columns import BadHeader
from postledger.reconciliation.rules.read_bank_row import BankRow, BankRowReader
from postledger.reconciliation.rules.statement_lines import BankStatement, LineFault

MOST_ACCOUNTS = 100


def looks_like_bank_csv(first: bytes, bank_format: BankFormat, on_bad_bytes: OnBadBytes = "strict") -> bool:
    """Whether a file that begins so has the columns of the format."""
    file = io.BytesIO(first)
    try:
        table = read_csv(file, bank_format.delimiter, bank_format.encoding, bank_format.skip_rows, on_bad_bytes)
        BankRowReader(bank_format, table.header)
    except (BadFile, BadHeader):
        return False
    return True


def read_bank_csv(content: IO[bytes], bank_format: BankFormat) -> Iterator[BankStatement]:
    """Read the statements of a file that can be sought. Raises `BadFile`, also while lines are read."""
    accounts = dict[_Key, _Account]()
    for key, row in _read_rows(content, bank_format):
        account = accounts.setdefault(key, _Account())
        if len(accounts) > MOST_ACCOUNTS:
            raise BadFile(f"has more than {MOST_ACCOUNTS} accounts or currencies")
        account.add(row)
    if not accounts:
        raise BadFile("has a header and no line")
    statements = [account.finish(*key) for key, account in accounts.items()]
    yield from combine(statements, _read_lines(content, bank_format, list(accounts)))


_Key = tuple[str, str]
"""Account and currency."""


def _read_rows(content: IO[bytes], bank_format: BankFormat) -> Iterator[tuple[_Key, BankRow | LineFault]]:
    """Yield each row with its account. A row that cannot be read goes with the one before."""
    content.seek(0)
    table = read_csv(content, bank_format.delimiter, bank_format.encoding, bank_format.skip_rows)
    try:
        reader = BankRowReader(bank_format, table.header)
    except BadHeader as bad:
        raise BadFile(f"does not fit: {bad}") from None
    key, waiting = None, list[LineFault]()
    for line_no, cells in _leave_last(table.rows, bank_format.skip_last_rows):
        row = reader(line_no, cells)
        if isinstance(row, BankRow):
            key = (row.account, row.line.currency)
            yield from ((key, fault) for fault in waiting)
            waiting = []
        elif key is None:
            waiting.append(row)
            if len(waiting) > MOST_ACCOUNTS:
                raise BadFile(f"has no line among its first {MOST_ACCOUNTS} that fits [bank_accounts.csv]")
            continue
        yield key, row
    yield from ((("", bank_format.currency or ""), fault) for fault in waiting)


def _leave_last(rows: Iterator[tuple[int, Sequence[Cell]]], number: int) -> Iterator[tuple[int, Sequence[Cell]]]:
    held = deque[tuple[int, Sequence[Cell]]]()
    for row in rows:
        held.append(row)
        if len(held) > number:
            yield held.popleft()


def _read_lines(content: IO[bytes], bank_format: BankFormat, keys: Sequence[_Key]) -> Numbered:
    for index, wanted in enumerate(keys):
        for key, row in _read_rows(content, bank_format):
            if key == wanted:
                yield index, row.line if isinstance(row, BankRow) else row


class _Account:
    """What the rows of one account say of its balances. Some banks write the newest row first."""

    def __init__(self) -> None:
        self._days = Days()
        self._first: BankRow | None = None
        self._last: BankRow | None = None
        self._faults_at_the_edge = False
        self._is_fault_last = False
        self._forward, self._backward = 0, 0  # how many balances follow from the row before, and from the row behind

    def add(self, row: BankRow | LineFault) -> None:
        """Note a row."""
        if isinstance(row, LineFault):
            self._is_fault_last = True
            self._faults_at_the_edge |= self._first is None
        elif not row.line.pending:
            self._is_fault_last = False
            self._days.add(row.line.booked_on)
            self._compare(row)
            self._first, self._last = self._first or row, row

    def _compare(self, row: BankRow) -> None:
        before = self._last
        if before is not None and before.balance is not None and row.balance is not None:
            self._forward += before.balance + row.line.amount == row.balance
            self._backward += row.balance + before.line.amount == before.balance

    def finish(self, account: str, currency: str) -> BankStatement:
        """Return the statement without its lines. If a row at an edge cannot be read, the balance there is unknown."""
        oldest, newest = (self._last, self._first) if self._is_newest_first() else (self._first, self._last)
        is_known = not (self._faults_at_the_edge or self._is_fault_last)
        opening = _subtract(oldest) if is_known else None
        closing = newest.balance if is_known and newest is not None else None
        return BankStatement(
            account, None, currency or None, self._days.first, self._days.last, opening, closing, iter(())
        )

    def _is_newest_first(self) -> bool:
        if self._forward != self._backward:
            return self._backward > self._forward
        if self._first is None or self._last is None:
            return False
        first, last = self._first.line.booked_on, self._last.line.booked_on
        return first is not None and last is not None and first > last


def _subtract(row: BankRow | None) -> Decimal | None:
    return None if row is None or row.balance is None else row.balance - row.line.amount

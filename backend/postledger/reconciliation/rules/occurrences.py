"""Selects the lines of a bank file that are not on record. Two equal lines of one day are honest twins. Pure."""

import hashlib
import hmac
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from datetime import date
from decimal import Decimal

import msgspec

from postledger.reconciliation.rules.statement_lines import BankLine


class KnownLine(msgspec.Struct, frozen=True):
    """A line of the account that is on record. A pending one never is."""

    fingerprint: bytes
    amount: Decimal
    booked_on: date | None
    bank_reference: str | None


class NewLine(msgspec.Struct, frozen=True):
    """A line to add. `occurrence` numbers the equal lines of the account, from 1."""

    line: BankLine
    fingerprint: bytes
    occurrence: int


def make_fingerprint(line: BankLine, key: bytes = b"") -> bytes:
    """Hash the day, amount, currency and texts. Spaces and case do not count, because banks break lines anywhere.

    With a key, texts cannot be tried until one has a hash that is on record.
    """
    texts = (line.counterparty, line.counterparty_account, line.remittance, line.end_to_end)
    parts = [
        str(line.booked_on or line.valued_on), format(line.amount.normalize() + 0, "f"), line.currency,
        *("".join((text or "").split()).casefold() for text in texts),
    ]  # fmt: skip
    digest = hmac.new(key, digestmod=hashlib.sha256)
    for part in parts:
        encoded = part.encode()
        digest.update(len(encoded).to_bytes(4) + encoded)
    return digest.digest()


def select_new(lines: Sequence[BankLine], known: Iterable[KnownLine], key: bytes = b"") -> Iterator[NewLine]:
    """Select the booked lines that are not on record.

    `lines` are all lines of a file, or all of some days; `known` are those of the same account and days. An entry that
    is on record under its bank reference, with the same sum, is known, into whatever lines it is split. Otherwise, of n
    equal lines in the file, of which m are on record, n - m are new.
    """
    booked, record = [line for line in lines if not line.pending], _Record(known)
    settled = record.find_entries(_sum_entries(booked))
    record.set_aside(settled)
    for line in booked:
        fingerprint = make_fingerprint(line, key)
        if _name_entry(line) not in settled and not record.claim(line, fingerprint):
            yield NewLine(line, fingerprint, record.count(fingerprint))


_Entry = tuple[str, date | None]


class _Record:
    """The lines on record. Each can be claimed once."""

    def __init__(self, known: Iterable[KnownLine]) -> None:
        self._lines = list(known)
        self._entries = _sum_entries(self._lines)
        self._equal = Counter(line.fingerprint for line in self._lines)
        self._named, self._unnamed = Counter[bytes](), Counter[bytes]()

    def find_entries(self, wanted: Mapping[_Entry, Decimal]) -> set[_Entry]:
        return {entry for entry, amount in wanted.items() if self._entries.get(entry) == amount}

    def set_aside(self, settled: Set[_Entry]) -> None:
        """Leave the lines of these entries to no other line."""
        for line in self._lines:
            if (entry := _name_entry(line)) is None:
                self._unnamed[line.fingerprint] += 1
            elif entry not in settled:
                self._named[line.fingerprint] += 1

    def claim(self, line: BankLine, fingerprint: bytes) -> bool:
        """Claim an equal line. A line with a reference that is not on record equals none that has another."""
        entry = _name_entry(line)
        pools = (self._named, self._unnamed) if entry is None or entry in self._entries else (self._unnamed,)
        pool = next((each for each in pools if each[fingerprint] > 0), None)
        if pool is not None:
            pool[fingerprint] -= 1
        return pool is not None

    def count(self, fingerprint: bytes) -> int:
        """Count one more of the account's equal lines."""
        self._equal[fingerprint] += 1
        return self._equal[fingerprint]


def _name_entry(line: BankLine | KnownLine) -> _Entry | None:
    return None if line.bank_reference is None else (line.bank_reference, line.booked_on)


def _sum_entries(lines: Iterable[BankLine | KnownLine]) -> Mapping[_Entry, Decimal]:
    sums = defaultdict[_Entry, Decimal](Decimal)
    for line in lines:
        if (entry := _name_entry(line)) is not None:
            sums[entry] += line.amount
    return sums

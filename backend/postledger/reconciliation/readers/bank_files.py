"""Recognises the files of banks, and reads the statements in them.

A statement's lines must be read before the next statement is asked for; those that were not read are passed over.
"""

from collections.abc import Iterator
from typing import IO, Literal

from postledger.reconciliation.readers.bank_csv import looks_like_bank_csv, read_bank_csv
from postledger.reconciliation.readers.camt import find_camt, read_camt
from postledger.reconciliation.readers.mt940 import looks_like_mt940, read_mt940
from postledger.reconciliation.readers.ofx import looks_like_ofx, read_ofx
from postledger.reconciliation.readers.rows import BadFile
from postledger.reconciliation.rules.bank_format import BankFormat
from postledger.reconciliation.rules.statement_lines import BankStatement

BankFileKind = Literal["camt052", "camt053", "camt054", "mt940", "ofx", "csv"]
RECOGNISED_BY = 8192
"""A file is recognised by so many bytes at its beginning."""


def recognise_bank_file(first: bytes, bank_format: BankFormat | None = None) -> BankFileKind | None:
    """Tell the kind of a file by its first bytes. CSV is recognised by the columns of a format."""
    if (camt := find_camt(first)) is not None:
        return camt
    if looks_like_ofx(first):
        return "ofx"
    if looks_like_mt940(first):
        return "mt940"
    return "csv" if bank_format is not None and looks_like_bank_csv(first, bank_format) else None


def read_bank_file(
    content: IO[bytes], kind: BankFileKind, bank_format: BankFormat | None = None
) -> Iterator[BankStatement]:
    """Read the statements of a file that can be sought. Raises `BadFile`, also while lines are read."""
    match kind:
        case "camt052" | "camt053" | "camt054":
            return read_camt(content, kind)
        case "mt940":
            return read_mt940(content)
        case "ofx":
            return read_ofx(content)
        case "csv":
            if bank_format is None:
                raise BadFile("is CSV, and the bank account has no [bank_accounts.csv]")
            return read_bank_csv(content, bank_format)

"""Reads bank statements in CSV, by the format of the bank account."""

import io
from collections.abc import Iterator
from typing import IO

from postledger.reconciliation.readers.csv_rows import read_csv
from postledger.reconciliation.readers.rows import BadFile
from postledger.reconciliation.rules.bank_format import BankFormat
from postledger.reconciliation.rules.statement_lines import BankStatement


def looks_like_bank_csv(first: bytes, bank_format: BankFormat) -> bool:
    """Whether a file that begins so has the columns of the format."""
    try:
        table = read_csv(io.BytesIO(first), bank_format.delimiter, bank_format.encoding, bank_format.skip_rows)
    except BadFile:
        return False
    return {name.casefold() for name in bank_format.columns.values()} <= {name.casefold() for name in table.header}


def read_bank_csv(content: IO[bytes], bank_format: BankFormat) -> Iterator[BankStatement]:
    """Read the statements of a file that can be sought. Raises `BadFile`, also while lines are read."""
    raise BadFile(f"is CSV, which is not read yet: {content} {bank_format}")

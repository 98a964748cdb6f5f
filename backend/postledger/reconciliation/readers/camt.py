"""Reads bank statements in ISO 20022's CAMT.052, 053 and 054."""

import re
from collections.abc import Iterator
from typing import IO, Literal

from postledger.reconciliation.readers.rows import BadFile
from postledger.reconciliation.rules.statement_lines import BankStatement

CamtKind = Literal["camt052", "camt053", "camt054"]
_MESSAGES: dict[bytes, CamtKind] = {
    b"BkToCstmrAcctRpt": "camt052",
    b"BkToCstmrStmt": "camt053",
    b"BkToCstmrDbtCdtNtfctn": "camt054",
}
_MESSAGE = re.compile(rb"<(?:[\w.-]+:)?(%s)[\s>/]" % b"|".join(_MESSAGES))


def find_camt(first: bytes) -> CamtKind | None:
    """Tell which CAMT message a file that begins so has."""
    found = _MESSAGE.search(first.replace(b"\0", b""))  # UTF-16 has a NUL in each of these letters
    return None if found is None else _MESSAGES[found[1]]


def read_camt(content: IO[bytes], kind: CamtKind) -> Iterator[BankStatement]:
    """Read the statements of a file that can be sought. Raises `BadFile`, also while lines are read."""
    raise BadFile(f"is {kind}, which is not read yet: {content}")

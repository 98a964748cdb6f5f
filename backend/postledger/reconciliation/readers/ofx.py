"""Reads bank statements in OFX 1 (SGML) and OFX 2 (XML)."""

import re
from collections.abc import Iterator
from typing import IO

from postledger.reconciliation.readers.rows import BadFile
from postledger.reconciliation.rules.statement_lines import BankStatement

_BEGINNING = re.compile(rb"OFXHEADER\s*[:=]|<OFX>", re.IGNORECASE)


def looks_like_ofx(first: bytes) -> bool:
    """Whether a file that begins so is OFX."""
    return _BEGINNING.search(first.replace(b"\0", b"")) is not None


def read_ofx(content: IO[bytes]) -> Iterator[BankStatement]:
    """Read the statements of a file that can be sought. Raises `BadFile`, also while lines are read."""
    raise BadFile(f"is OFX, which is not read yet: {content}")

"""What a reader of tables gives, and why it cannot read a file."""

from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec

from postledger.reconciliation.rules.cells import Cell

OnBadBytes = Literal["strict", "replace"]
"""What a reader does with bytes that are not of the encoding. A row that is read later can have them too."""


class BadFile(Exception):
    """The file cannot be read at all. The message says why, and holds no value of it."""


class TooLarge(BadFile):
    """The file would take more memory than any report needs, whatever its format."""


class Rows(msgspec.Struct, frozen=True):
    """The header of a table, and its rows, each with the number of the line where it begins, from 1.

    Rows are read when they are asked for; that can raise `BadFile` too.
    """

    header: Sequence[str]
    rows: Iterator[tuple[int, Sequence[Cell]]]

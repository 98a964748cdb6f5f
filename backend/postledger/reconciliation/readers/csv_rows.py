"""Reads tables of text: CSV with any delimiter, in the encodings in which networks and Excel write it.

A quote that is not closed takes the lines behind it into its row. Each of these lines becomes a row that is a fault.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import IO

from postledger.reconciliation.readers.rows import BadFile, OnBadBytes, Rows
from postledger.reconciliation.rules.cells import Cell, Unreadable

LONGEST_FIELD = 10_000
MOST_LINES = 100
"""A row of more lines has a quote that is not closed: no text of a report has so many."""

_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
"""A file that begins with one of these marks has that encoding, whatever is configured."""
_LINE_END = re.compile(r"\r\n|\r|\n")
_FEWEST_CELLS = 3
"""Two lines of a text can look like two rows of fewer cells."""
_OPEN_QUOTE: Sequence[Cell] = (Unreadable.OPEN_QUOTE,)
_Row = tuple[int, Sequence[Cell]]
"""The line where a row begins, and its cells."""


def read_csv(
    file: IO[bytes],
    delimiter: str = ",",
    encoding: str = "utf-8",
    skip_rows: int = 0,
    on_bad_bytes: OnBadBytes = "strict",
) -> Rows:
    """Read a CSV file that can be sought. Empty lines are no rows. Raises `BadFile`."""
    csv.field_size_limit(LONGEST_FIELD)
    text = io.TextIOWrapper(file, _find_encoding(file, encoding), on_bad_bytes, newline="")
    table = _Table(text, delimiter)
    rows = islice(table.read(), skip_rows, None)
    line_no, header = next(rows, (0, ()))
    if header is _OPEN_QUOTE:
        raise _no_table(line_no)
    if not header:
        raise BadFile("has no header")
    table.width = len(header)
    return Rows([str(name).strip() for name in header], rows)


def _find_encoding(file: IO[bytes], configured: str) -> str:
    beginning = file.read(4)
    file.seek(0)
    return next((encoding for mark, encoding in _MARKS if beginning.startswith(mark)), configured)


def _no_table(line_no: int) -> BadFile:
    return BadFile(f"is not a table from line {line_no} on: a quote is not closed, or a cell is too long")


class _Table:
    """Reads rows with their lines. The reader of `csv` goes on with the next line after one that it refuses.

    `width` is that of the header, None while it is not known.
    """

    def __init__(self, text: io.TextIOWrapper, delimiter: str) -> None:
        self.width: int | None = None
        self._text, self._delimiter = text, delimiter
        self._last_line = [""]
        self._reader = csv.reader(_hold(text, self._last_line), delimiter=delimiter, strict=True)
        self._begins, self._is_done = 1, False

    def read(self) -> Iterator[_Row]:
        """Yield each row. Raises `BadFile`."""
        try:
            while not self._is_done:
                yield from self._read_on()
        except UnicodeError:
            message = f"has bytes after line {self._begins} that are not of its encoding"
            raise BadFile(f"{message}; set encoding in the report format") from None
        finally:
            if not self._text.closed:
                self._text.detach()  # else the wrapper would close the file

    def _read_on(self) -> Iterator[_Row]:
        """Yield rows up to one with a wrong quote."""
        reader = self._reader
        try:
            for cells in reader:
                ends = reader.line_num
                if ends > self._begins:
                    yield from self._judge(ends, cells)
                elif cells:
                    yield ends, cells
                self._begins = ends + 1
            self._is_done = True
        except csv.Error as error:
            if str(error).startswith("field larger"):
                raise _no_table(self._begins) from None
            yield from self._judge(reader.line_num, self._read_line_again())
            self._begins = reader.line_num + 1

    def _judge(self, ends: int, cells: Sequence[str] | None) -> Iterator[_Row]:
        """Yield a row, or each of its lines if it has taken others in. None: a quote of it is not closed."""
        lines = ends - self._begins + 1
        if self.width is None:
            yield self._begins, _OPEN_QUOTE if cells is None else cells
        elif cells is not None and (lines == 1 or _is_one_row(lines, cells, self.width, self._delimiter)):
            yield self._begins, cells
        else:
            yield from ((line_no, _OPEN_QUOTE) for line_no in range(self._begins, ends + 1))

    def _read_line_again(self) -> list[str] | None:
        """Read a row of one line, in which a quote may stand anywhere. None if it takes further lines in."""
        if self._reader.line_num > self._begins:
            return None
        line = self._last_line[0].rstrip("\r\n")
        try:
            (cells,), (ended,) = (csv.reader([each], delimiter=self._delimiter) for each in (line, line + "\n"))
        except csv.Error:
            return None
        return cells if cells == ended else None  # an open quote holds the end of the line


def _hold(text: io.TextIOWrapper, last_line: list[str]) -> Iterator[str]:
    for line in text:
        last_line[0] = line
        yield line


def _is_one_row(lines: int, cells: Sequence[str], width: int, delimiter: str) -> bool:
    is_wide = len(cells) >= width and not any(cells[width:])
    return (
        is_wide
        and lines <= MOST_LINES
        and not any(_holds_rows(cell, column, width, delimiter) for column, cell in enumerate(cells[:width]))
    )


def _holds_rows(cell: str, column: int, width: int, delimiter: str) -> bool:
    """Whether the lines of a cell have as many delimiters as the end of a row, whole rows, and the beginning of one.

    Such a cell begins in one row and ends in another one, so the cells behind it are not those of its row.
    """
    first, *between = (line.count(delimiter) for line in _LINE_END.split(cell))
    if not between or width < _FEWEST_CELLS:
        return False
    return [first, *between] == [width - 1 - column, *[width - 1] * (len(between) - 1), column]

"""Reads the rows of a CSV file one by one. A bad row is reported with its line, counted and skipped."""

import csv
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from io import BufferedReader, TextIOWrapper
from typing import IO, Any, Generic, TypeVar

from postledger.clicks.csv_format import BadFormat, CsvFormat, detect_format
from postledger.clicks.csv_input import HeadedInput, open_input
from postledger.vocabulary.operator_error import InvalidRequest

Row = TypeVar("Row")
ReadRow = Callable[[Sequence[str]], Row]
"""Reads the cells of a row; raises `BadRow`."""
OnBadRow = Callable[[int, str], None]


class BadRow(Exception):
    """A row cannot be imported. The message says why."""


class CsvRows(Iterator[Row], Generic[Row]):
    """The good rows of a file. `make_reader` makes the reader of a row from the header; it may raise `BadFormat`."""

    def __init__(
        self, reader: Any, written_as: CsvFormat, make_reader: Callable[[list[str]], ReadRow[Row]], on_bad_row: OnBadRow
    ) -> None:
        self._reader, self._line, self._on_bad_row, self.written_as = reader, 1, on_bad_row, written_as
        self._read = self._read_header(make_reader)
        self.good = self.bad = 0

    def __next__(self) -> Row:
        while True:
            try:
                row = self._read(self._next_cells())
            except BadRow as error:
                self.bad += 1
                self._on_bad_row(self._line, str(error))
            else:
                self.good += 1
                return row

    def _read_header(self, make_reader: Callable[[list[str]], ReadRow[Row]]) -> ReadRow[Row]:
        try:
            return make_reader(self._next_cells())
        except (BadRow, BadFormat) as error:
            raise InvalidRequest(f"line 1: {error} ({self.written_as})") from None
        except StopIteration:
            raise InvalidRequest("line 1: the header is missing; name the columns") from None

    def _next_cells(self) -> list[str]:
        cells: list[str] = []
        while not cells:  # skips empty lines
            self._line = self._reader.line_num + 1
            try:
                cells = next(self._reader)
            except csv.Error:
                raise BadRow(f"is not CSV up to line {self._reader.line_num}; check the quotes") from None
            except UnicodeError:
                fault = f"line {self._line}: is not {self.written_as.encoding}; give the --encoding of the file"
                raise InvalidRequest(f"{fault} ({self.written_as})") from None
        return cells


@contextmanager
def open_rows(
    file: IO[bytes],
    encoding: str | None,
    delimiter: str | None,
    make_reader: Callable[[list[str]], ReadRow[Row]],
    on_bad_row: OnBadRow,
) -> Iterator[CsvRows[Row]]:
    """Open the rows of a file. An encoding or a delimiter that is not given is detected.

    Raises `InvalidRequest` if the header or the bytes cannot be read, and OSError or EOFError as the file does.
    """
    with open_input(file) as opened:
        written_as = detect_format(opened.head, encoding, delimiter)
        with _decode(opened, written_as.encoding) as text:
            reader = csv.reader(text, strict=True, delimiter=written_as.delimiter)
            yield CsvRows(reader, written_as, make_reader, on_bad_row)


def _decode(opened: HeadedInput, encoding: str) -> TextIOWrapper:
    # A byte that is not UTF-8 becomes a character that no check accepts, therefore only its own row is bad.
    errors = "surrogateescape" if encoding == "utf-8-sig" else "strict"
    return TextIOWrapper(BufferedReader(opened), encoding=encoding, errors=errors, newline="")

"""Reads tables of text: CSV with any delimiter, in the encodings in which networks and Excel write it."""

import codecs
import csv
import io
from collections.abc import Iterator
from itertools import islice
from typing import IO

from postledger.reconciliation.readers.rows import BadFile, OnBadBytes, Rows

LONGEST_FIELD = 10_000
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
"""A file that begins with one of these marks has that encoding, whatever is configured."""


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
    rows = islice(_number(text, delimiter), skip_rows, None)
    header = next(rows, None)
    if header is None:
        raise BadFile("has no header")
    return Rows([name.strip() for name in header[1]], rows)


def _find_encoding(file: IO[bytes], configured: str) -> str:
    beginning = file.read(4)
    file.seek(0)
    return next((encoding for mark, encoding in _MARKS if beginning.startswith(mark)), configured)


def _number(text: io.TextIOWrapper, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Give each row the number of the line where it begins: a quoted cell can hold line breaks."""
    begins, reader = 1, csv.reader(text, delimiter=delimiter)
    try:
        for cells in reader:
            if cells:
                yield begins, cells
            begins = reader.line_num + 1
    except UnicodeError:
        message = f"has bytes after line {begins} that are not of its encoding; set encoding in the report format"
        raise BadFile(message) from None
    except csv.Error:
        raise BadFile(f"is not a table from line {begins} on: a quote is not closed, or a cell is too long") from None
    finally:
        if not text.closed:
            text.detach()  # else the wrapper would close the file

"""Reads the lines of a text file, in whatever encoding a bank wrote it, without keeping more than one."""

import codecs
import io
from collections.abc import Iterator
from typing import IO

from postledger.reconciliation.readers.rows import BadFile

LONGEST_LINE = 16_384
_CHUNK = 64 << 10
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def find_encoding(content: IO[bytes]) -> str:
    """Tell the encoding: by its mark, or UTF-8 if the whole file is that, or else Latin-1, which many banks write."""
    content.seek(0)
    first = content.read(_CHUNK)
    marked = next((encoding for mark, encoding in _MARKS if first.startswith(mark)), None)
    if marked is not None:
        return marked
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while first:
            decoder.decode(first)
            first = content.read(_CHUNK)
        decoder.decode(b"", final=True)
    except UnicodeError:
        return "cp1252"
    return "utf-8"


def read_lines(content: IO[bytes], encoding: str) -> Iterator[tuple[int, str]]:
    """Yield each line without its end, with its number from 1. Raises `BadFile`."""
    content.seek(0)
    text = io.TextIOWrapper(content, encoding, errors="replace" if encoding == "cp1252" else "strict")
    number = 0
    try:
        while line := text.readline(LONGEST_LINE + 1):
            number += 1
            if len(line) > LONGEST_LINE:
                raise BadFile(f"has more than {LONGEST_LINE} characters in line {number}")
            yield number, line.rstrip("\n")
    except UnicodeError:
        raise BadFile(f"has bytes after line {number} that are not of its encoding") from None
    finally:
        if not content.closed:
            text.detach()  # else the wrapper would close the file

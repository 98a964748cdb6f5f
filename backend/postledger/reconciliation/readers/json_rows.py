"""Reads reports in JSON: an array of objects, also within an object, or one object on each line.

Numbers keep each digit: whole ones are text, all others `Decimal`.
"""

import json
from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation
from itertools import islice
from typing import IO, Any

from postledger.reconciliation.readers.rows import BadFile, OnBadBytes, Rows
from postledger.reconciliation.rules.cells import Cell, Unreadable

LARGEST_ARRAY = 64 << 20
"""An array is read as a whole. Larger reports have one object on each line."""
MOST_SEARCHED = 100
"""The keys of a file are looked for in so many objects at its beginning."""

_BEFORE_JSON = b"\xef\xbb\xbf \t\r\n"
"""The mark of UTF-8, and blanks."""
_LARGEST_EXPONENT = 1000
"""A number with a larger one is neither an id nor an amount, and its digits could fill the memory."""


class _Ambiguous(dict[str, Any]):
    """An object in which a key stands twice, or in an object within it."""


def read_json(file: IO[bytes], names: Sequence[str], path: str | None = None) -> Rows:
    """Read these keys of each object; `a.b` is the key `b` of the object `a`. Raises `BadFile`.

    What is no object, and an object in which a key stands twice, is a row without cells, so that it becomes a fault.
    """
    return Rows(names, ((number, _read_cells(found, names)) for number, found in _read_objects(file, path)))


def begins_as_json(file: IO[bytes]) -> bool:
    """Whether a file begins as an array or an object does."""
    return _read_first_letter(file) in (b"[", b"{")


def find_keys(file: IO[bytes], names: Sequence[str], path: str | None = None) -> set[str]:
    """Find which of these keys the first objects have, whatever their values are. Raises `BadFile`."""
    first = [found for _, found in islice(_read_elements(file, path, "replace"), MOST_SEARCHED)]
    if first and not any(isinstance(found, dict) for found in first):
        raise _no_objects()
    return {name for name in names if any(_has(found, name) for found in first)}


def _read_objects(file: IO[bytes], path: str | None) -> Iterator[tuple[int, Any]]:
    """Read the elements, of which at least one must be an object."""
    number, has_object = 0, False
    for number, found in _read_elements(file, path):
        has_object = has_object or isinstance(found, dict)
        yield number, found
    if number and not has_object:
        raise _no_objects()


def _no_objects() -> BadFile:
    return BadFile(
        "is not an array of objects, and not one object on each line, in UTF-8; compare it with kind and rows of the"
        " report format"
    )


def _read_first_letter(file: IO[bytes]) -> bytes:
    beginning = file.read(200)
    file.seek(0)
    return beginning.lstrip(_BEFORE_JSON)[:1]


def _read_elements(file: IO[bytes], path: str | None, on_bad_bytes: OnBadBytes = "strict") -> Iterator[tuple[int, Any]]:
    if path is not None or _read_first_letter(file) == b"[":
        return _read_array(file, path, on_bad_bytes)
    return _read_lines(file, on_bad_bytes)


def _read_array(file: IO[bytes], path: str | None, on_bad_bytes: OnBadBytes) -> Iterator[tuple[int, Any]]:
    if not begins_as_json(file):
        raise BadFile("is not JSON in UTF-8; compare it with kind and rows of the report format")
    content = file.read(LARGEST_ARRAY + 1)
    if len(content) > LARGEST_ARRAY:
        raise _too_large(path)
    parsed = _parse(content, on_bad_bytes)
    if isinstance(parsed, _Ambiguous):
        raise BadFile("has a key twice in the object around its rows")
    array = parsed if path is None else _find(parsed, path)
    if not isinstance(array, list):
        raise BadFile(f"has no array {path or ''}".rstrip())
    yield from enumerate(array, 1)


def _too_large(path: str | None) -> BadFile:
    size, advice = f"more than {LARGEST_ARRAY >> 20} MiB", "write one object on each line"
    if path is None:
        return BadFile(f"is a JSON array of {size}; {advice}")
    return BadFile(f"is JSON of {size}; {advice}, and leave out rows of the report format")


def _read_lines(file: IO[bytes], on_bad_bytes: OnBadBytes) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(file, 1):
        if line.strip():
            yield number, _parse_line(line, on_bad_bytes)


def _parse_line(line: bytes, on_bad_bytes: OnBadBytes) -> Any:
    """Return None, which is no object, for a line that is not JSON: it says nothing of the other lines."""
    try:
        return _parse(line, on_bad_bytes)
    except BadFile:
        return None


def _parse(content: bytes, on_bad_bytes: OnBadBytes) -> Any:
    try:
        return json.loads(
            content.decode("utf-8-sig", on_bad_bytes),
            object_pairs_hook=_make_object,
            parse_float=_read_fraction,
            parse_int=str,
            parse_constant=lambda _name: Unreadable.CELL,
        )
    except json.JSONDecodeError as bad:
        message = f"is not JSON in UTF-8 in line {bad.lineno}; it may be cut off, so get the file again"
        raise BadFile(message) from None
    except ValueError:
        raise BadFile("is not JSON in UTF-8: it has bytes of another encoding; store it as UTF-8") from None
    except RecursionError:
        raise BadFile("is JSON that is nested too deeply") from None


def _make_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs) or any(isinstance(value, _Ambiguous) for value in found.values()):
        return _Ambiguous(found)
    return found


def _read_fraction(text: str) -> Decimal | Unreadable:
    try:
        number = Decimal(text)
    except InvalidOperation:  # an exponent that even a Decimal cannot hold
        return Unreadable.CELL
    return number if abs(number.adjusted()) < _LARGEST_EXPONENT else Unreadable.CELL


def _read_cells(found: Any, names: Sequence[str]) -> list[Cell]:
    if not isinstance(found, dict) or isinstance(found, _Ambiguous):
        return []
    return [_read_cell(found, name) for name in names]


def _read_cell(found: Any, name: str) -> Cell:
    cell = _find(found, name)
    return cell if isinstance(cell, str | Decimal | bool | None) else Unreadable.CELL


def _has(found: Any, path: str) -> bool:
    *parents, key = path.split(".")
    parent = _find(found, ".".join(parents)) if parents else found
    return isinstance(parent, dict) and key in parent


def _find(found: Any, path: str) -> Any:
    for key in path.split("."):
        found = found.get(key) if isinstance(found, dict) else None
    return found

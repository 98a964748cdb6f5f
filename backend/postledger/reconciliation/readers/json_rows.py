"""Reads reports in JSON: an array of objects, also within an object, or one object on each line.

Numbers keep each digit: whole ones are text, all others `Decimal`.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import IO, Any

from postledger.reconciliation.readers.rows import BadFile, Rows
from postledger.reconciliation.rules.cells import Cell, Unreadable

LARGEST_ARRAY = 64 << 20
"""An array is read as a whole. Larger reports have one object on each line."""

_LARGEST_EXPONENT = 1000
"""A number with a larger one is neither an id nor an amount, and its digits could fill the memory."""


class _Ambiguous(dict[str, Any]):
    """An object in which a key stands twice, or in an object within it."""


def read_json(file: IO[bytes], names: Sequence[str], path: str | None = None) -> Rows:
    """Read these keys of each object; `a.b` is the key `b` of the object `a`. Raises `BadFile`.

    An object in which a key stands twice is a row without cells, so that it becomes a fault.
    """
    is_array = file.read(200).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"[")
    file.seek(0)
    objects = _read_array(file, path) if is_array or path is not None else _read_lines(file)
    return Rows(names, ((number, _read_cells(found, names)) for number, found in objects))


def _read_array(file: IO[bytes], path: str | None) -> Iterator[tuple[int, Mapping[str, Any]]]:
    content = file.read(LARGEST_ARRAY + 1)
    if len(content) > LARGEST_ARRAY:
        raise BadFile(f"is an array of more than {LARGEST_ARRAY >> 20} MiB; write one object on each line")
    parsed = _parse(content, "it")
    if isinstance(parsed, _Ambiguous):
        raise BadFile("has a key twice in the object around its rows")
    array = parsed if path is None else _find(parsed, path)
    if not isinstance(array, list):
        raise BadFile(f"has no array {path or ''}".rstrip())
    yield from enumerate(map(_check, array), 1)


def _read_lines(file: IO[bytes]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for number, line in enumerate(file, 1):
        if line.strip():
            yield number, _check(_parse(line, f"line {number}"))


def _parse(content: bytes, what: str) -> Any:
    try:
        return json.loads(
            content.decode("utf-8-sig"),
            object_pairs_hook=_make_object,
            parse_float=_read_fraction,
            parse_int=str,
            parse_constant=lambda _name: Unreadable.CELL,
        )
    except (ValueError, RecursionError):
        raise BadFile(f"{what} is not JSON in UTF-8") from None


def _check(found: object) -> Mapping[str, Any]:
    if not isinstance(found, dict):
        raise BadFile("is not an array of objects, and not one object on each line")
    return found


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


def _read_cells(found: Mapping[str, Any], names: Sequence[str]) -> list[Cell]:
    return [] if isinstance(found, _Ambiguous) else [_read_cell(found, name) for name in names]


def _read_cell(found: Any, name: str) -> Cell:
    cell = _find(found, name)
    return cell if isinstance(cell, str | Decimal | bool | None) else Unreadable.CELL


def _find(found: Any, path: str) -> Any:
    for key in path.split("."):
        found = found.get(key) if isinstance(found, dict) else None
    return found

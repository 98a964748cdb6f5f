"""Finds the columns of a format in the header of a table. Pure."""

from collections.abc import Mapping, Sequence


class BadHeader(Exception):
    """The header has not the columns of the format. The message names them, and what the header has."""


def find_columns(columns: Mapping[str, str], header: Sequence[str], of: str) -> dict[str, int]:
    """Find the position of each meaning. `of` names the format. Spaces and case do not count. Raises `BadHeader`."""
    names = [_simplify(name) for name in header]
    missing = [name for name in columns.values() if _simplify(name) not in names]
    if missing:
        raise BadHeader(f"the file has no column {', '.join(missing)}; compare it with {of}")
    twice = next((name for name in columns.values() if names.count(_simplify(name)) > 1), None)
    if twice is not None:
        raise BadHeader(f"the file has the column {twice} twice; remove one of them")
    return {meaning: names.index(_simplify(name)) for meaning, name in columns.items()}


def _simplify(name: str) -> str:
    return " ".join(name.split()).casefold()

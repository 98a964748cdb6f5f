"""Finds the line of a fault in a TOML file, because the TOML parser returns values without their lines.

A line that cannot be found is left out of the message.
"""

import re
from collections.abc import Iterator, Mapping

from postledger.decoding.toml_table import Fault

_NAME = r"""(?:[\w-]+|"[^"]*"|'[^']*')"""
_DOTTED = rf"{_NAME}(?:\s*\.\s*{_NAME})*"
_HEADER = re.compile(rf"\s*(\[\[?)\s*({_DOTTED})\s*\]\]?\s*(?:#.*)?", re.ASCII)
_KEY = re.compile(rf"\s*({_DOTTED})\s*=", re.ASCII)
_LONG_QUOTE = re.compile(r'"""|' + "'''")
_NAME_KEYS = ("slug", "id")
_WORD = re.compile(r"[\w-]+", re.ASCII)

KeyPath = tuple[str | int, ...]
"""The path of a table or a key: its names, and in a list of tables the table's number."""


def find_line(text: str, document: Mapping[str, object], fault: Fault) -> int | None:
    """Find the line of a fault, counted from 1: the line of its key, or of its table. None if neither is found."""
    lines, table = map_lines(text), _find_table(document, fault)
    key = (*table, fault.key)
    below = {path: line for path, line in lines.items() if path[: len(key)] == key}
    named = [
        line
        for word in _WORD.findall(fault.message)
        for path, line in below.items()
        if path[len(key) :][-1:] == (word,)
    ]
    found = [*named, *below.values(), *(lines[path] for path in (table, table[:1]) if path in lines)]
    return found[0] if found else None


def map_lines(text: str) -> dict[KeyPath, int]:
    """Map each table and each key to the line where it first appears."""
    lines: dict[KeyPath, int] = {}
    counts: dict[KeyPath, int] = {}
    table: KeyPath = ()
    for number, line in _list_lines(text):
        if header := _HEADER.fullmatch(line):
            table = _resolve(_split(header[2]), counts, is_list=header[1] == "[[")
            lines.setdefault(table, number)
        elif key := _KEY.match(line):
            lines.setdefault((*table, *_split(key[1])), number)
    return lines


def _list_lines(text: str) -> Iterator[tuple[int, str]]:
    """Number the lines, without those inside a multi-line string, because they can look like keys."""
    is_inside = False
    for number, line in enumerate(text.splitlines(), 1):
        if not is_inside:
            yield number, line
        is_inside ^= len(_LONG_QUOTE.findall(line)) % 2 == 1


def _resolve(names: list[str], counts: dict[KeyPath, int], *, is_list: bool) -> KeyPath:
    path: KeyPath = ()
    for name in names[:-1]:
        path = (*path, name)
        if path in counts:
            path = (*path, counts[path] - 1)
    path = (*path, names[-1])
    if not is_list:
        return path
    counts[path] = counts.get(path, 0) + 1
    return (*path, counts[path] - 1)


def _split(dotted: str) -> list[str]:
    return [name.strip("\"'") for name in re.findall(_NAME, dotted, re.ASCII)]


def _find_table(document: Mapping[str, object], fault: Fault) -> KeyPath:
    section, _, label = fault.table.removesuffix("]").partition("[")
    if not section:
        return ()
    tables = document.get(section)
    labels = [_label(number, table) for number, table in enumerate(tables, 1)] if isinstance(tables, list) else []
    if label not in labels:
        return tuple(section.split("."))
    if fault.key in _NAME_KEYS:  # a repeated name: the fault is in the last table with it
        return section, len(labels) - 1 - labels[::-1].index(label)
    return section, labels.index(label)


def _label(number: int, table: object) -> str:
    own = next((table[key] for key in _NAME_KEYS if key in table), None) if isinstance(table, dict) else None
    return own if isinstance(own, str) and own.isprintable() else f"#{number}"

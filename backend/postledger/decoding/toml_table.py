"""Reads one table of a configuration file, key by key, and collects every fault instead of stopping at the first."""

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import msgspec

Value = TypeVar("Value")
Choice = TypeVar("Choice", bound=str)

MAX_TEXT = 255
_NOT_IN_NAMES = re.compile(r"[\s{}=&]")


class Fault(msgspec.Struct, frozen=True):
    """One mistake: the table, the key, and what to do. It never quotes the value, which may be a secret."""

    table: str
    key: str
    message: str

    def __str__(self) -> str:
        location = ".".join(part for part in (self.table, self.key) if part)
        return f"{location}: {self.message}" if location else self.message


class BadValue(Exception):
    """A value has the wrong format; the message says which format is accepted."""


class Table:
    """A table, its path in the file, and the list that collects the faults."""

    def __init__(self, path: str, content: Mapping[str, object], faults: list[Fault]) -> None:
        self.path, self._content, self._faults = path, content, faults
        self._known: list[str] = []

    def __contains__(self, key: str) -> bool:
        return key in self._content

    def with_defaults(self, merge: Callable[[Mapping[str, object]], Mapping[str, object]]) -> "Table":
        """Make a table with the same path and list of faults, whose content `merge` has added defaults to."""
        merged = Table(self.path, merge(self._content), self._faults)
        merged._known = self._known
        return merged

    def take(self, key: str, read: Callable[[object], Value], default: Value) -> Value:
        """Read an optional key; a bad value is recorded as a fault and replaced by the default."""
        self._known.append(key)
        if key not in self._content:
            return default
        try:
            return read(self._content[key])
        except BadValue as error:
            self.fault(key, str(error))
            return default

    def require(self, key: str, read: Callable[[object], Value], default: Value) -> Value:
        """Read a required key."""
        if key not in self._content:
            self.fault(key, "is missing; add it")
        return self.take(key, read, default)

    def fault(self, key: str, message: str) -> None:
        """Record a fault."""
        self._faults.append(Fault(self.path, key, message))

    def refuse_unknown(self) -> None:
        """Record a fault for each unknown key, because an ignored typo would be a rule that is not in force."""
        for key in self._content:
            if key not in self._known:
                self.fault(key, f"is not a known key; {_suggest(key, self._known)}")


def _suggest(key: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(key, known, n=1)
    return f"did you mean {near[0]}?" if near else f"use one of {', '.join(dict.fromkeys(known))}"


def read_text(value: object) -> str:
    """Read 1 to 255 printable characters."""
    if isinstance(value, str) and 0 < len(value) <= MAX_TEXT and value.isprintable():
        return value
    raise BadValue(f'must be text of 1 to {MAX_TEXT} printable characters, in quotes ("…")')


def read_texts(value: object) -> tuple[str, ...]:
    """Read one text, or a list of texts."""
    if isinstance(value, list):
        return tuple(dict.fromkeys(read_text(item) for item in value))
    return (read_text(value),)


def read_name(value: object) -> str:
    """Read the name of a parameter, or a word that a sender uses as a value."""
    text = read_text(value)
    if _NOT_IN_NAMES.search(text):
        raise BadValue(f'"{text}" can never be sent as it stands; write it without blanks, braces, "=" and "&"')
    return text


def read_names(value: object) -> tuple[str, ...]:
    """Read one name, or a list of names."""
    return tuple(read_name(text) for text in read_texts(value))


def read_titles(value: object) -> tuple[str, ...]:
    """Read one value that a sender uses, or a list of such values: they may have blanks, but are no placeholders."""
    titles = read_texts(value)
    if placeholder := next((title for title in titles if "{" in title or "}" in title), None):
        raise BadValue(f'"{placeholder}" is a placeholder and can never be sent as it stands; write the value itself')
    return titles


def read_flag(value: object) -> bool:
    """Read true or false."""
    if isinstance(value, bool):
        return value
    raise BadValue("must be true or false, without quotes")


def whole_number(least: int, most: int) -> Callable[[object], int]:
    """Make the reader of a whole number within two bounds."""

    def read(value: object) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
            return value
        raise BadValue(f"must be a whole number from {least} to {most}, without quotes")

    return read


def one_of(*choices: Choice) -> Callable[[object], Choice]:
    """Make the reader of one of several words."""

    def read(value: object) -> Choice:
        for choice in choices:
            if value == choice:
                return choice
        raise BadValue("must be " + " or ".join(f'"{choice}"' for choice in choices))

    return read

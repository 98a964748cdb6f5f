"""One table of a configuration file while it is read: it hands out each key and files every fault under its name.

Apart from what the keys mean, so that a file with five mistakes tells of all five, and each in the same words.
"""

import difflib
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import msgspec

Value = TypeVar("Value")
Choice = TypeVar("Choice", bound=str)

MAX_TEXT = 255


class Fault(msgspec.Struct, frozen=True):
    """One mistake: the table, the key, and what is accepted there; the value is not told, as it may be a secret."""

    table: str
    key: str
    message: str

    def __str__(self) -> str:
        return ": ".join(part for part in (self.table, self.key, self.message) if part)


class BadValue(Exception):
    """A value is not of the accepted form; the message says which form is."""


class Table:
    """A table, its place in the file, and the list that its faults go to."""

    def __init__(self, place: str, content: Mapping[str, object], faults: list[Fault]) -> None:
        self.place, self._content, self._faults = place, content, faults
        self._known: list[str] = []

    def __contains__(self, key: str) -> bool:
        return key in self._content

    def over(self, lay: Callable[[Mapping[str, object]], Mapping[str, object]]) -> "Table":
        """Make the table of the same place whose content is laid over another; its faults go to the same list."""
        laid = Table(self.place, lay(self._content), self._faults)
        laid._known = self._known
        return laid

    def take(self, key: str, read: Callable[[object], Value], default: Value) -> Value:
        """Read a key that may be left out; a bad value is filed, and the default stands in for it."""
        self._known.append(key)
        if key not in self._content:
            return default
        try:
            return read(self._content[key])
        except BadValue as error:
            self.fault(key, str(error))
            return default

    def require(self, key: str, read: Callable[[object], Value], default: Value) -> Value:
        """Read a key that must be there."""
        if key not in self._content:
            self.fault(key, "is missing")
        return self.take(key, read, default)

    def fault(self, key: str, message: str) -> None:
        """File a fault."""
        self._faults.append(Fault(self.place, key, message))

    def refuse_unknown(self) -> None:
        """File each key that nobody asked for: a misspelt key that is ignored is a rule that is not in force."""
        for key in self._content:
            if key not in self._known:
                near = difflib.get_close_matches(key, self._known, n=1)
                self.fault(
                    key, f"is not a key of this table; did you mean {near[0]}?" if near else _allowed(self._known)
                )


def _allowed(known: Sequence[str]) -> str:
    return f"is not a key of this table; its keys are {', '.join(dict.fromkeys(known))}"


def read_text(value: object) -> str:
    """Read 1 to 255 printable characters."""
    if isinstance(value, str) and 0 < len(value) <= MAX_TEXT and value.isprintable():
        return value
    raise BadValue(f'must be text of 1 to {MAX_TEXT} printable characters, in quotes ("…")')


def read_texts(value: object) -> tuple[str, ...]:
    """Read one text, or a list of them."""
    if isinstance(value, list):
        return tuple(dict.fromkeys(read_text(item) for item in value))
    return (read_text(value),)


def read_flag(value: object) -> bool:
    """Read true or false."""
    if isinstance(value, bool):
        return value
    raise BadValue("must be true or false, without quotes")


def whole_number(least: int, most: int) -> Callable[[object], int]:
    """Make the reader of a whole number between two bounds."""

    def read(value: object) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
            return value
        raise BadValue(f"must be a whole number from {least} to {most}, without quotes")

    return read


def one_of(*choices: Choice) -> Callable[[object], Choice]:
    """Make the reader of one word out of a few."""

    def read(value: object) -> Choice:
        for choice in choices:
            if value == choice:
                return choice
        raise BadValue("must be " + " or ".join(f'"{choice}"' for choice in choices))

    return read

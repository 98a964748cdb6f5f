"""Reads and writes files of settings: `NAME=value` lines, as a shell and systemd read them. Nothing is expanded."""

import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path

# A value is plain text, quoted text, or both joined, as in 'it'\''s'. Only quoted text may contain a line break.
_VALUE = r"""(?:[^\s'"\\]|'[^']*'|"(?:[^"\\]|\\.)*"|\\.)*"""
_COMMENT = r"[ \t]*(?:[ \t]#[^\n]*)?\r?(?:\n|\Z)"
_SETTING = re.compile(rf"[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)=({_VALUE}){_COMMENT}", re.DOTALL)
_NOTHING = re.compile(r"[ \t]*(?:#[^\n]*)?\r?(?:\n|\Z)")
_PLAIN = re.compile(r"[A-Za-z0-9_./:@,+=%~-]*")


class BadSettingsFile(ValueError):
    """A line of a file is no setting. The message names its number, and never its text, which can be a secret."""


def parse_settings(text: str) -> dict[str, str]:
    """Read the settings of a file by name; the last one of a name counts. Raises `BadSettingsFile`."""
    return dict(_scan(text))


def read_settings_file(path: Path) -> dict[str, str]:
    """Read the settings of a file. Raises `BadSettingsFile` or `OSError`."""
    return parse_settings(path.read_text("utf-8-sig"))


def write_settings(settings: Mapping[str, str]) -> str:
    """Write one line for each setting, quoted only if the value needs it."""
    return "".join(f"{name}={_quote(value)}\n" for name, value in settings.items())


def _scan(text: str) -> Iterator[tuple[str, str]]:
    position = 0
    while position < len(text):
        if found := _SETTING.match(text, position):
            yield found[1], "".join(shlex.split(found[2]))
        elif not (found := _NOTHING.match(text, position)):
            number = text.count("\n", 0, position) + 1
            raise BadSettingsFile(f"line {number} is not NAME=value; put a value with spaces in quotes")
        position = found.end()


def _quote(value: str) -> str:
    return value if _PLAIN.fullmatch(value) else shlex.quote(value)

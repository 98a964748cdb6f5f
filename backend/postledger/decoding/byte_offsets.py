"""Finds where in a body a fault stands: the byte offset that a refusal reports. It runs only for a refused body.

Each search is one pass of a regular expression, because an unsigned body must not cost more than a plain one.
"""

import json
import re

_ESCAPED_BYTE = "(?:%[0-9A-Fa-f]{2}|[^%])"
_STRING = r'"[^"\\]*+(?:\\.[^"\\]*+)*"'
_BLANK = r"[ \t\n\r]*+"
_NAME = re.compile(rf"{_BLANK},?{_BLANK}({_STRING}){_BLANK}:{_BLANK}", re.DOTALL)
_DECODER = json.JSONDecoder(parse_int=str, parse_float=str)
_BEFORE_CONSTANT = re.compile(rf'(?:[^"NI-]++|{_STRING}|-(?!I))*', re.DOTALL)
_NOT_STORABLE_ESCAPE = re.compile(r"(?<!\\)(?:\\\\)*\\u(?:0000|[dD][89a-fA-F][0-9a-fA-F]{2})")


def count_bytes(text: str, characters: int) -> int:
    """Return the byte offset of a character of a text that was sent as UTF-8."""
    return len(text[:characters].encode())


def find_in_escaped(text: str, decoded_bytes: int) -> int:
    """Return the offset of a decoded byte in its percent-encoded text."""
    found = re.match(f"{_ESCAPED_BYTE}{{{decoded_bytes}}}", text, re.DOTALL)
    return found.end() if found else 0


def find_nested(text: str, name: str) -> int | None:
    """Find the object or list that is the value of that member of the object of a JSON text, which has few members."""
    at = text.index("{") + 1
    while member := _NAME.match(text, at):
        if text[member.end()] in "[{" and json.loads(member[1]) == name:
            return count_bytes(text, member.end())
        _, at = _DECODER.raw_decode(text, member.end())
    return None


def find_repeated(text: str, name: str) -> int | None:
    """Find the second member of that name in a flat JSON object; None if it is not written as usual."""
    member = re.compile(re.escape(json.dumps(name, ensure_ascii=False)) + r"\s*:")
    first = member.search(text)
    second = member.search(text, first.end()) if first else None
    return count_bytes(text, second.start()) if second else None


def find_not_storable(text: str) -> int | None:
    """Find the first JSON escape of NUL or of a surrogate."""
    found = _NOT_STORABLE_ESCAPE.search(text)
    return count_bytes(text, found.end() - 6) if found else None


def find_constant(text: str) -> int | None:
    """Find the first `NaN` or `Infinity`, which JSON does not have."""
    found = _BEFORE_CONSTANT.match(text)
    return count_bytes(text, found.end()) if found else None

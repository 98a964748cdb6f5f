"""Recognises the names of known parameters after a template or a program has damaged them.

A damaged name is no known parameter, so its money would be ignored and the conversion booked without it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from html.entities import html5
from urllib.parse import unquote

from postledger.decoding.identities import BLANKS

_ENTITIES = {name: text for name, text in html5.items() if not name.endswith(";")}
_BLANK = re.compile(f"[{re.escape(BLANKS)}\"'`´“”‘’\\\\\0]+")
_IN_FRONT = re.compile(r"(?:[&?;,|]|amp;|#0*38;|#x0*26;)+")
_BRACKETS = re.compile(r"(?:\[[0-9]*\]?|\])\Z")
_JOINTS = re.compile(r"[-_\s]+")
TIDY = re.compile(r"[a-z_][a-z0-9_]*")
"""A name that cannot be a damaged one, as nearly all are."""
ARE_TIDY = re.compile(r"(?:[a-z_][a-z0-9_]*+(?:&[a-z_][a-z0-9_]*+)*)?")
"""Such names, joined by `&`: one look at all of them costs less than one at each."""

_SEPARATOR = rf"[;&?,|{re.escape(BLANKS)}]"


def tidy(name: str) -> str:
    """Undo what usually happens to a name: other case, blanks, quotes, a separator or `amp;` in front, `[]` behind.

    A name that was encoded once too often, alone or together with its `=`, is read as it was meant.
    """
    plain = _BLANK.sub("", unquote(name) if "%" in name else name).lower()
    return _BRACKETS.sub("", _IN_FRONT.sub("", plain, count=1).partition("=")[0].rstrip(".:"))


def list_tidy(known: Mapping[str, str]) -> dict[str, str]:
    """Map the tidied form of each known name, and what HTML makes of it behind a `&`, to its canonical name."""
    plain = {tidy(name): canonical for name, canonical in known.items()}
    eaten = {tidy(text): canonical for name, canonical in known.items() for text in _eat(name)}
    return eaten | plain


def compile_swallowed(known: Iterable[str]) -> re.Pattern[str]:
    """Make the pattern of a known name with `=` inside a value: behind a separator, or behind a part of an entity.

    HTML reads `&currency=` as `¤cy=`, because `&curren` is an entity that needs no semicolon.
    """
    names = sorted(known, key=len, reverse=True)
    behind = "|".join(map(re.escape, names)) or r"\Z."
    eaten = "|".join(re.escape(text) for name in names for text in _eat(name)) or r"\Z."
    pattern = rf"(?:{_SEPARATOR}(?:amp;|#0*38;|#x0*26;)*({behind})|({eaten}))(?:\[[0-9]*\])?[{re.escape(BLANKS)}]*="
    return re.compile(pattern, re.IGNORECASE)


def list_swallowed(value: str, pattern: re.Pattern[str]) -> Iterator[str]:
    """List the tidied names of known parameters inside a value, which may be encoded once too often."""
    for text in (value, unquote(value)) if "%" in value else (value,):
        yield from list_swallowed_as_sent(text, pattern)


def list_swallowed_as_sent(value: str, pattern: re.Pattern[str]) -> Iterator[str]:
    """List the tidied names of known parameters inside a value, without decoding it."""
    for found in pattern.finditer(value) if "=" in value else ():
        yield tidy(found[1] or found[2])


def compile_alike(names: Iterable[str], also: str) -> re.Pattern[str]:
    """Make the pattern of names that differ from the known ones in `_` and `-`, or have them as their last part.

    It finds `pay_out`, `data[payout]`, `offer.payout` and the name `also`; see `has_alike`.
    """
    listed = {_JOINTS.sub("", name.lower()) for name in (*names, also)} - {""}
    return re.compile(rf"(?:^|[&\[.:/])(?:{'|'.join(map(re.escape, listed))})[\[\].:/]*(?=&|\Z)")


def has_alike(names: str, pattern: re.Pattern[str]) -> bool:
    """Return whether one of the names, joined by `&`, matches a pattern of `compile_alike`."""
    return pattern.search(_JOINTS.sub("", names.lower())) is not None


@lru_cache(1024)  # sources have most names in common
def _eat(name: str) -> tuple[str, ...]:
    return tuple(text + name[len(entity) :] for entity, text in _ENTITIES.items() if name.startswith(entity))

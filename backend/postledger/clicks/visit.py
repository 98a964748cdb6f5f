"""Reads the labels of a click link. Nothing in a link can refuse a visit: what cannot be stored is cut or left out.

Pure: the same query gives the same visit.
"""

import msgspec

from postledger.decoding.identities import MAX_LENGTH
from postledger.decoding.pairs import MAX_PARAMETERS, unescape
from postledger.decoding.parameters import SUB_NAMES
from postledger.vocabulary.click import LabelCause

AFFILIATE = "aff"
MAX_LABEL_BYTES = 2048
"""How long the labels of one click may be together, as JSON."""

_KNOWN = frozenset({AFFILIATE, *SUB_NAMES})
_BRACES = len("{}")
_AROUND = len('"": , ')  # what JSON writes around a name and its quoted value


class Visit(msgspec.Struct, frozen=True):
    """What a click link says: the affiliate and the labels, and why some of them are not as they were sent."""

    affiliate_id: str | None = None
    subs: dict[str, str] = {}
    notes: dict[str, LabelCause] = {}


def read_visit(query: str) -> Visit:
    """Read the query of a click link, as WSGI gives it.

    Ad platforms append parameters of their own, which are ignored. What follows the hundredth parameter is ignored too,
    so that a long link costs no more.
    """
    subs: dict[str, str] = {}
    notes: dict[str, LabelCause] = {}
    for name, sent in _list_own(query):
        if name in subs:
            notes[name] = LabelCause.REPEATED
            continue
        value, cause = _read_label(sent)
        if cause is not None:
            notes[name] = cause
        if value and (name != AFFILIATE or cause is None):  # an id that was cut would be the id of another affiliate
            subs[name] = value
    affiliate_id = subs.pop(AFFILIATE, None)
    _leave_out_last(subs, notes)
    return Visit(affiliate_id, subs, notes)


def _list_own(query: str) -> list[tuple[str, str]]:
    parts = [part.partition("=") for part in query.split("&", MAX_PARAMETERS)[:MAX_PARAMETERS]]
    return [(name, value) for name, _, value in parts if name in _KNOWN and value]


def _read_label(sent: str) -> tuple[str, LabelCause | None]:
    """Read one value: the text that can be stored, empty if there is none, and why it is not what was sent."""
    try:
        text = unescape(sent.replace("+", " ").encode("latin-1")).decode()
    except UnicodeDecodeError:
        return "", LabelCause.ENCODING
    if not text.isprintable():
        return "", LabelCause.UNPRINTABLE
    return text[:MAX_LENGTH], LabelCause.TOO_LONG if len(text) > MAX_LENGTH else None


def _leave_out_last(subs: dict[str, str], notes: dict[str, LabelCause]) -> None:
    size = _BRACES
    for name in list(subs):
        size += len(name) + len(msgspec.json.encode(subs[name])) + _AROUND
        if size > MAX_LABEL_BYTES:
            del subs[name]
            notes[name] = LabelCause.TOO_MANY_BYTES

"""Takes a closer look at ids: trims them, and refuses those that name nothing.

A placeholder or a word for "no value" would give all conversions of a source one name: only the first would be booked.
"""

import re
from urllib.parse import unquote

from postledger.decoding.placeholders import find_placeholder, is_escaped
from postledger.vocabulary.refusal import Cause, Reason, Refused

MAX_LENGTH = 255
IDENTITY_FIELDS = ("click_id", "transaction_id", "reverses", "event", "affiliate_id")
"""The canonical names of the fields that name a conversion and its parties."""

_INVISIBLE = "\u00ad\u180e\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"
BLANKS = "".join(chr(code) for code in range(0x3001) if chr(code).isspace()) + _INVISIBLE
"""What is trimmed from ids: white space of any kind, and characters without a width."""

_WORDS = (
    r"xx|__|your|my[_-]|my[a-z]*id|insert|enter|put|paste|replace|change|fill|optional|todo|tbd|fixme|placeholder|0{8}|"
    r"(?:undef|undefined|null|nil|none|nan|not[_-]?set|empty|unknown|false|array)(?![a-z0-9])|"
    r"(?:click|transaction|trans|txn|tx|order|sub|aff|affiliate|conversion|lead)[_-]?(?:sub|id)(?![a-z])"
)
_HARMLESS = re.compile(rf"(?!(?i:{_WORDS}))[A-Za-z0-9](?:[A-Za-wyz0-9.:-]++|_(?!_)|x(?!x))*")
"""An id of usual characters that only begins like one of those words."""

_NOTHING = frozenset({
    "undefined", "undef", "null", "nil", "none", "nan", "n/a", "not set", "notset", "not_set", "not-set",
    "not available", "empty", "unknown", "false", "array", "object object", "object undefined", "object null",
    "#n/a",
})  # fmt: skip
_AROUND = "\"'`()[]{}<>" + BLANKS
_JOINTS = re.compile(r"[-_.:/|,;+ ]+")
_LETTER_OR_DIGIT = re.compile(r"[^\W_]")
_ZERO_UUID = re.compile(r"0{8}-?0{4}-?0{4}-?0{4}-?0{12}")


def trim(value: str) -> str:
    """Remove blanks and invisible characters at both ends."""
    return value.strip(BLANKS)


def read_doubtful(name: str, sent: str) -> str:
    """Read an id that needs a closer look. Raises `Refused`."""
    if len(sent) <= MAX_LENGTH and _HARMLESS.fullmatch(sent):
        return sent
    value = trim(sent)
    if not 0 < len(value) <= MAX_LENGTH:
        raise Refused(Reason.INVALID_PARAMETER, name, cause=None if value else Cause.NO_VALUE)
    if not value.isprintable():
        raise Refused(Reason.INVALID_PARAMETER, name)
    if says_nothing(value) or ("%" in value and is_escaped(value) and says_nothing(unquote(value))):
        raise Refused(Reason.INVALID_PARAMETER, name, cause=Cause.NO_VALUE)
    if macro := find_placeholder(value):
        raise Refused(Reason.UNRESOLVED_MACRO, name, macro)
    return value


def read_literal(name: str, value: str) -> str:
    """Read an id exactly as it was sent. Raises `Refused` for what cannot be stored."""
    if 0 < len(value) <= MAX_LENGTH and value.isprintable():
        return value
    raise Refused(Reason.INVALID_PARAMETER, name)


def says_nothing(value: str) -> bool:
    """Return whether a value consists of words for "no value", is a zero UUID, or has neither a letter nor a digit."""
    bare = value.strip(_AROUND).lower()
    if bare in _NOTHING or _LETTER_OR_DIGIT.search(bare) is None or _ZERO_UUID.fullmatch(bare) is not None:
        return True
    return _NOTHING.issuperset(_JOINTS.split(bare)) if len(bare) <= MAX_LENGTH else False  # `undefined-undefined`

"""Decodes a query, a form or a JSON object into names and values, or refuses it.

Nothing is repaired, truncated or guessed: input that does not decode exactly is malformed.
"""

import json
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NoReturn

import msgspec

from postledger.decoding.unresolved_macros import find_macro
from postledger.vocabulary.refusal import Reason, Refused

MAX_PARAMETERS = 100
MAX_NODES = 500
"""How many values a JSON body may have; nested objects and lists count as well. A body with 100 items needs 430."""

_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_JSON_STRING = re.compile(
    r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL
)  # the last quote is optional, so that it is linear
_NOT_STORABLE = re.compile("[\0\ud800-\udfff]")

Segment = tuple[str, str, str]
"""One parameter of a query: the text exactly as sent, the decoded name and the decoded value."""


class DecodedRequest(msgspec.Struct, frozen=True):
    """The decoded parameters of a request.

    - `fields`: values by canonical name.
    - `signed`: the query or body without its signature.
    - `storable`: the query or body as the audit row stores it.
    - `repeated`: the canonical name of a known parameter that was sent twice. Such a request is refused.
    - `segments`: every parameter of a query or form in its order; `members`: those of a JSON object.
    - `document`: the body of version 2. The names of its `members` are paths.
    - `is_masked`: the document has members that must be masked, and `storable` still holds the whole body.
    """

    fields: Mapping[str, str]
    signed: bytes
    storable: bytes
    repeated: str | None = None
    segments: Sequence[Segment] = ()
    members: Sequence[tuple[str, str]] = ()
    version: str = "1"
    document: "JsonObject | None" = None
    is_masked: bool = False


def read_segments(raw: bytes) -> list[Segment]:
    """Split and decode a query string or a form body; an empty part (`a=1&&b=2`) is kept with an empty name."""
    if raw.count(b"&") >= MAX_PARAMETERS:
        raise Refused(Reason.MALFORMED)
    return [_read_segment(part) for part in raw.decode("latin-1").split("&")]


@lru_cache(maxsize=1)
def read_segments_once(raw: bytes) -> Sequence[Segment]:
    """Read the query of a POST as `read_segments` does; several checks of one request ask for it in succession."""
    return tuple(read_segments(raw))


def has_too_many(raw: bytes) -> bool:
    """Return whether a query or form has more parameters than are read; empty parts count."""
    return raw.count(b"&") >= MAX_PARAMETERS


def unescape(raw: bytes) -> bytes:
    """Decode percent escapes; a broken one stays as it is."""
    return _unescape(_BROKEN_ESCAPE.sub("%25", raw.decode("latin-1")))


def _unescape(text: str) -> bytes:
    # The codec replaces the loop of `urllib`, because 16 KB of escapes would cost 40 plain requests there.
    return text.replace("\\", "\\\\").replace("%", "\\x").encode("latin-1").decode("unicode_escape").encode("latin-1")


def _read_segment(part: str) -> Segment:
    name, _, value = part.partition("=")
    return part, _decode(name), _decode_value(value)


def _decode_value(text: str) -> str:
    try:
        return _decode(text)
    except Refused:
        # `%payout%` is an unresolved macro, not an escape. Keep it, so that the refusal can name the macro.
        if text.isascii() and text.isprintable() and find_macro(text):
            return text
        raise


def _decode(text: str) -> str:
    if text.isascii() and text.isprintable() and "%" not in text and "+" not in text:
        return text
    if _BROKEN_ESCAPE.search(text):
        raise Refused(Reason.MALFORMED)
    return _decode_utf8(_unescape(text.replace("+", " ")))


def _decode_utf8(encoded: bytes) -> str:
    try:
        text = encoded.decode()
    except UnicodeDecodeError as error:
        raise Refused(Reason.MALFORMED) from error
    if "\0" in text:  # Postgres cannot store NUL in text
        raise Refused(Reason.MALFORMED)
    return text


def load_json(body: bytes) -> "JsonObject":
    """Parse a JSON object; numbers stay text, so that money is never converted to a float."""
    text = _decode_utf8(body)
    _refuse_too_many_nodes(text)
    try:
        document = json.loads(
            text,
            object_pairs_hook=JsonObject,
            parse_float=str,
            parse_int=str,
            parse_constant=_refuse_constant,
        )
    except (ValueError, RecursionError) as error:
        raise Refused(Reason.MALFORMED) from error
    if not isinstance(document, JsonObject):
        raise Refused(Reason.MALFORMED)
    return document


def _refuse_too_many_nodes(text: str) -> None:
    # Each value follows a comma or the opening of its list or object. They are counted before the text is parsed,
    # because an unsigned body must not cost more than a plain one. A comma inside a string does not count.
    if text.count(",") + text.count("[") + text.count("{") < MAX_NODES:
        return
    # Every value may have a string and a name, so this many quotes are too many. Strings are removed one by one below.
    if text.count('"') - text.count('\\"') > 4 * MAX_NODES:
        raise Refused(Reason.MALFORMED)
    bare = "".join(_JSON_STRING.sub("_", text).split())
    is_in_front = bare.count(",") + bare.count("[") + bare.count("{")
    if 1 + is_in_front - bare.count("[]") - bare.count("{}") > MAX_NODES:
        raise Refused(Reason.MALFORMED)


def read_flat(document: "JsonObject") -> list[tuple[str, str]]:
    """Read the members of an object without nested objects or lists."""
    if len(document) > MAX_PARAMETERS:
        raise Refused(Reason.MALFORMED)
    return [(read_json_text(name), read_json_scalar(value)) for name, value in document if value is not None]


class JsonObject(list[tuple[str, object]]):
    """The members of a JSON object in their order, repeated names included; a JSON array stays a plain list."""


def _refuse_constant(_: str) -> NoReturn:
    raise Refused(Reason.MALFORMED)  # NaN and Infinity are not JSON


def read_json_scalar(value: object) -> str:
    """Read one value as text; raises `Refused` for an object, a list or null."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return read_json_text(value)
    raise Refused(Reason.MALFORMED)


def read_json_text(text: str) -> str:
    """Read a text that Postgres can store."""
    # JSON escapes can contain NUL or a lone surrogate, which UTF-8 bytes cannot.
    if _NOT_STORABLE.search(text):
        raise Refused(Reason.MALFORMED)
    return text

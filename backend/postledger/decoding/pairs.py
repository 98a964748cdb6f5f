"""Decodes a query, a form or a JSON object into names and values, or refuses it.

Nothing is repaired, truncated or guessed: input that does not decode exactly is malformed.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import NoReturn
from urllib.parse import unquote_to_bytes

import msgspec

from postledger.decoding.unresolved_macros import find_macro
from postledger.vocabulary.refusal import Reason, Refused

MAX_PARAMETERS = 100
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")

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
    """

    fields: Mapping[str, str]
    signed: bytes
    storable: bytes
    repeated: str | None = None
    segments: Sequence[Segment] = ()
    members: Sequence[tuple[str, str]] = ()
    version: str = "1"
    document: "JsonObject | None" = None


def read_segments(raw: bytes) -> list[Segment]:
    """Split and decode a query string or a form body; an empty part (`a=1&&b=2`) is kept with an empty name."""
    parts = raw.decode("latin-1").split("&")
    if len(parts) > MAX_PARAMETERS:
        raise Refused(Reason.MALFORMED)
    return [_read_segment(part) for part in parts]


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
    return _decode_utf8(unquote_to_bytes(text.replace("+", " ").encode("latin-1")))


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
    try:
        document = json.loads(
            _decode_utf8(body),
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
    if "\0" in text or (not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text)):
        raise Refused(Reason.MALFORMED)
    return text

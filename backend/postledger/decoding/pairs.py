"""Reading: the bytes of a query, a form or a JSON object into named values, or a named refusal.

Nothing is repaired, truncated or guessed here: what does not decode exactly is malformed.
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
"""One part of a query between ampersands: the part exactly as sent, its decoded name, its decoded value."""


class Reading(msgspec.Struct, frozen=True):
    """The fields by canonical name, the bytes of a query or body without its signature, those fit for the audit row,
    and every parameter in its order: the segments of a query or form, or the members of a JSON object.

    `repeated` is a known parameter that was sent twice, for which the request is refused without a further look. Of
    version 2 of the API, `document` is the body with its objects and lists, and the members' names are paths.
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
    """Split and decode a query string or a form body; an empty part (`a=1&&b=2`) stays, with an empty name."""
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
        # `%payout%` is a template's and no escape, and whoever left it there must be told which it was.
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
    if "\0" in text:  # Postgres cannot store it in text, and no honest sender means it
        raise Refused(Reason.MALFORMED)
    return text


def load_json(body: bytes) -> "JsonObject":
    """Read a JSON object as it stands; numbers keep the digits that were sent, so that money never meets a float."""
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
    """Read the members of an object in which there are neither objects nor lists."""
    if len(document) > MAX_PARAMETERS:
        raise Refused(Reason.MALFORMED)
    return [(read_json_text(name), read_json_scalar(value)) for name, value in document if value is not None]


class JsonObject(list[tuple[str, object]]):
    """The members of a JSON object in their order, repeated names included; a JSON array stays a plain list."""


def _refuse_constant(_: str) -> NoReturn:
    raise Refused(Reason.MALFORMED)  # NaN and Infinity are not JSON


def read_json_scalar(value: object) -> str:
    """Read one value as text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return read_json_text(value)
    raise Refused(Reason.MALFORMED)


def read_json_text(text: str) -> str:
    """Read a text that may stand in Postgres."""
    # An escape can smuggle in what the bytes could not: NUL, or half of a surrogate pair.
    if "\0" in text or (not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text)):
        raise Refused(Reason.MALFORMED)
    return text

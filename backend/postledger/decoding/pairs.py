"""Decodes a query, a form or a JSON object into names and values, or refuses it.

Nothing is repaired, truncated or guessed. A parameter that does not decode exactly is malformed if it is known, and is
ignored if it is not.
"""

import json
import re
from codecs import BOM_UTF8
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NoReturn

import msgspec

from postledger.decoding.byte_offsets import (
    count_bytes,
    find_constant,
    find_in_escaped,
    find_nested,
    find_not_storable,
)
from postledger.vocabulary.refusal import Cause, malformed

BYTE_ORDER_MARK = "\ufeff"
MAX_PARAMETERS = 100
MAX_NODES = 500
"""How many values a JSON body may have; nested objects and lists count as well. A body with 100 items needs 430."""

_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_JSON_STRING = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*"?', re.DOTALL)  # the last quote is optional, so that it is linear
_NOT_STORABLE = re.compile("[\0\ud800-\udfff]")

Segment = tuple[str, str, str]
"""One parameter of a query: the text exactly as sent, the decoded name and the decoded value."""


class Unreadable(str):
    """A name or a value that is no text: bytes that are not percent-encoded UTF-8, a NUL, or a list or object of JSON.

    Bytes that are not UTF-8 are surrogates in it. `sent` is the encoded text. `from_end`: how many of its bytes stand
    at the fault and behind it.
    """

    sent: str
    cause: Cause
    from_end: int


class Repeated(str):
    """A label that was sent more than once: its first value. A label never costs the conversion."""


class DecodedRequest(msgspec.Struct, frozen=True):
    """The decoded parameters of a request.

    - `fields`: values by canonical name.
    - `signed`: the query or body without its signature.
    - `storable`: the query or body as the audit row stores it.
    - `repeated`: the canonical name of a known parameter that was sent twice. Such a request is refused.
    - `segments`: every parameter of a query or form in its order; `members`: those of a JSON object.
    - `document`: the body, if it is of version 2 or has nested values. In version 2 the names of `members` are paths.
    - `is_masked`: the document may have members that must be masked, and `storable` still holds the whole body.
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
    """Split and decode a query string or a form body; an empty part (`a=1&&b=2`) is kept with an empty name.

    A byte order mark in front is no part of the first name.
    """
    if raw.count(b"&") >= MAX_PARAMETERS:
        last = raw.split(b"&", MAX_PARAMETERS)[-1]
        raise malformed(Cause.TOO_MANY_PARAMETERS, len(raw) - len(last))
    text = raw.decode("latin-1")
    if _is_plain(text):
        return [_split(part) for part in text.split("&")]
    segments = [_read_segment(part) for part in text.split("&")]
    part, name, value = segments[0]
    if name.startswith(BYTE_ORDER_MARK) and type(name) is str:
        segments[0] = part, name.removeprefix(BYTE_ORDER_MARK), value
    return segments


def find_unreadable(segments: Sequence[Segment], value: Unreadable) -> int:
    """Return the byte offset of the fault in one of the values of a form body."""
    end = 0
    for part, _, found in segments:
        end += len(part)
        if found is value:
            break
        end += 1
    return end - value.from_end


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


def _is_plain(text: str) -> bool:
    """Return whether nothing is encoded in a text. Most postbacks are such, or have one parameter that is not."""
    return "%" not in text and "+" not in text and text.isascii() and text.isprintable()


def _split(part: str) -> Segment:
    name, _, value = part.partition("=")
    return part, name, value


def _read_segment(part: str) -> Segment:
    name, _, value = part.partition("=")
    if "%" not in part and "+" not in part and part.isascii() and part.isprintable():
        return part, name, value
    return part, _decode(name), _decode(value)


def _decode(text: str) -> str:
    if "%" not in text and "+" not in text and text.isascii() and text.isprintable():
        return text
    spaced = text.replace("+", " ")
    if broken := _BROKEN_ESCAPE.search(text):
        encoded = _unescape(_BROKEN_ESCAPE.sub("%25", spaced))
        return _mark(encoded.decode("utf-8", "surrogateescape"), text, Cause.ENCODING, broken.start())
    encoded = _unescape(spaced)
    try:
        decoded = encoded.decode()
    except UnicodeDecodeError as error:
        return _mark(
            encoded.decode("utf-8", "surrogateescape"), text, Cause.ENCODING, find_in_escaped(text, error.start)
        )
    if "\0" in decoded:  # Postgres cannot store NUL in text
        return _mark(
            encoded.decode("utf-8", "surrogateescape"), text, Cause.NUL, find_in_escaped(text, encoded.index(0))
        )
    return decoded


def decode_utf8(encoded: bytes) -> str:
    """Decode the bytes of a value; gives an `Unreadable` if they are no text that Postgres can store."""
    fault = _find_fault(encoded)
    return (
        encoded.decode()
        if fault is None
        else _mark(encoded.decode("utf-8", "surrogateescape"), encoded.decode("latin-1"), *fault)
    )


def _find_fault(encoded: bytes) -> tuple[Cause, int] | None:
    if b"\0" in encoded:
        return Cause.NUL, encoded.index(0)
    try:
        encoded.decode()
    except UnicodeDecodeError as error:
        return Cause.ENCODING, error.start
    return None


def _mark(text: str, sent: str, cause: Cause, at: int) -> Unreadable:
    kept = Unreadable(text)
    kept.sent, kept.cause, kept.from_end = sent, cause, len(sent) - at
    return kept


NESTED = _mark("\x1a", "", Cause.JSON_NESTING, 0)
"""Stands for a list or an object in a flat body. Its text is a control character, which no rule takes for a value."""


def load_json(body: bytes) -> "JsonObject":
    """Parse a JSON object; numbers stay text, so that money is never converted to a float."""
    fault = _find_fault(body)
    if fault is not None:
        raise malformed(*fault)
    text = body.decode("utf-8-sig")
    skipped = len(BOM_UTF8) if body.startswith(BOM_UTF8) else 0
    _refuse_too_many_nodes(text)
    try:
        document = json.loads(
            text,
            object_pairs_hook=JsonObject,
            parse_float=str,
            parse_int=str,
            parse_constant=_refuse_constant,
        )
    except json.JSONDecodeError as error:
        raise malformed(Cause.JSON_SYNTAX, skipped + count_bytes(text, error.pos)) from None
    except ValueError:
        raise malformed(Cause.JSON_SYNTAX, find_constant(body.decode())) from None
    except RecursionError:
        raise malformed(Cause.JSON_NESTING) from None
    if not isinstance(document, JsonObject):
        raise malformed(Cause.JSON_STRUCTURE, 0)
    return document


def _refuse_too_many_nodes(text: str) -> None:
    # Each value follows a comma or the opening of its list or object. They are counted before the text is parsed,
    # because an unsigned body must not cost more than a plain one. A comma inside a string does not count.
    if text.count(",") + text.count("[") + text.count("{") < MAX_NODES:
        return
    # Every value may have a string and a name, so this many quotes are too many. Strings are removed one by one below.
    if text.count('"') - text.count('\\"') > 4 * MAX_NODES:
        raise malformed(Cause.TOO_MANY_VALUES)
    bare = "".join(_JSON_STRING.sub("_", text).split())
    is_in_front = bare.count(",") + bare.count("[") + bare.count("{")
    if 1 + is_in_front - bare.count("[]") - bare.count("{}") > MAX_NODES:
        raise malformed(Cause.TOO_MANY_VALUES)


def read_flat(document: "JsonObject") -> list[tuple[str, str]]:
    """Read the members of an object; a nested object or list becomes `NESTED`."""
    if len(document) > MAX_PARAMETERS:
        raise malformed(Cause.TOO_MANY_PARAMETERS)
    return [(name, read_json_value(value)) for name, value in document if value is not None]


def read_json_value(value: object) -> str:
    """Read one value as text; gives an `Unreadable` if Postgres cannot store it, or if it is a list or an object."""
    if isinstance(value, str):
        found = _NOT_STORABLE.search(value)
        return value if found is None else _mark(value, "", Cause.NUL if found[0] == "\0" else Cause.ENCODING, 0)
    return NESTED if isinstance(value, list) else read_json_scalar(value)


class JsonObject(list[tuple[str, object]]):
    """The members of a JSON object in their order, repeated names included; a JSON array stays a plain list."""


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)  # NaN and Infinity are not JSON


def read_json_scalar(value: object) -> str:
    """Read one value as text; raises `Refused` for an object, a list or null."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return read_json_text(value)
    raise malformed(Cause.JSON_NESTING)


def read_json_text(text: str) -> str:
    """Read a text that Postgres can store."""
    # JSON escapes can contain NUL or a lone surrogate, which UTF-8 bytes cannot.
    if found := _NOT_STORABLE.search(text):
        raise malformed(Cause.NUL if found[0] == "\0" else Cause.ENCODING)
    return text


def find_json_fault(body: bytes, cause: Cause, name: str = "") -> int | None:
    """Find in a flat body what was refused of it; `name` is the member at fault. The parser reports no offsets."""
    if cause is Cause.JSON_NESTING:
        return find_nested(body.decode(), name)
    return find_not_storable(body.decode()) if cause in (Cause.NUL, Cause.ENCODING) else None


def find_slug(query: bytes) -> str:
    """Find the value of the only parameter `source`; an empty text, which no source has as its slug, without one.

    The edge has the same rule in `query.lua`, because it chooses the allowlist by it. A fault in another parameter
    changes nothing, and of a query with too many parameters none is read.
    """
    if has_too_many(query):
        return ""
    pairs = [part.replace(b"+", b" ").partition(b"=") for part in query.split(b"&")]
    values = [value for name, _, value in pairs if unescape(name) == b"source"]
    return unescape(values[0]).decode("latin-1") if len(values) == 1 else ""

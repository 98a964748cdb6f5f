"""What the verification of one request reads: the request, its decoded parameters, its signatures and its timestamp."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from postledger.decoding.pairs import NESTED, DecodedRequest, Segment, read_segments_once, unescape
from postledger.signatures.profile_schema import Decoding
from postledger.vocabulary.incoming_request import Request
from postledger.vocabulary.refusal import Reason, Refused

_BYTE_ORDER_MARKS = (b"\xef\xbb\xbf", b"%EF%BB%BF", b"%ef%bb%bf")

NOT_DECODED: Final = DecodedRequest({}, b"", b"")
"""Stands in for a body that cannot be parsed. A scheme that signs the raw body can still verify it."""


class SignatureInput(msgspec.Struct):
    """One request under one scheme: its signatures, the other items of their list, and its timestamp as sent."""

    request: Request
    decoded: DecodedRequest
    signatures: Sequence[bytes]
    parts: Mapping[str, str]
    decoding: Decoding | None = None
    url: str = ""
    timestamp: str = ""

    def query_segments(self) -> Sequence[Segment]:
        """Return the parameters of the query, for any method."""
        if self.request.method == "GET":
            return self.decoded.segments
        return read_segments_once(self.request.query) if self.request.query else ()

    def body_segments(self) -> Sequence[Segment]:
        """Return the parameters of the body.

        Lists and objects of a flat JSON body are left out, because senders write them in many ways and nothing of them
        is read.
        """
        if self.request.method == "GET":
            return ()
        return self.decoded.segments or [
            ("", name, value) for name, value in self.decoded.members if value is not NESTED
        ]


def bad_signature() -> Refused:
    """Make the refusal of a request that lacks a signed value, so that its signature cannot match."""
    return Refused(Reason.BAD_SIGNATURE)


def decode_text(raw: bytes, decoding: Decoding | None) -> bytes:
    """Decode a part of a query: `pct` decodes percent escapes, `form` also `+`, `raw` nothing."""
    if decoding == "form":
        raw = raw.replace(b"+", b" ")
    return raw if decoding in (None, "raw") else unescape(raw)


def decode_segment(segment: Segment, decoding: Decoding | None) -> tuple[bytes, bytes]:
    """Return the name and the value of a parameter under a decoding; the default is that of forms."""
    part, name, value = segment
    if decoding in (None, "form") or not part:
        return _encode(name), _encode(value)
    raw_name, _, raw_value = part.encode("latin-1").partition(b"=")
    for mark in _BYTE_ORDER_MARKS:
        raw_name = raw_name.removeprefix(mark)
    return decode_text(raw_name, decoding), decode_text(raw_value, decoding)


def _encode(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")  # the bytes of a query that are no UTF-8
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")  # half a surrogate in JSON

"""The evidence: all that the verification of one request looks at, gathered so that each part of it is found once."""

from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import unquote_to_bytes

import msgspec

from postledger.decoding.pairs import Reading, Segment, read_segments
from postledger.signatures.profile_schema import Decoding
from postledger.vocabulary.incoming_request import Request
from postledger.vocabulary.refusal import Reason, Refused

NO_READING: Final = Reading({}, b"", b"")
"""Stands in for a body that could not be read; what signs the raw body alone can be verified all the same."""


class Evidence(msgspec.Struct):
    """One request under one scheme: the signatures that it brings, the other parts of their list, and its time."""

    request: Request
    reading: Reading
    given: Sequence[bytes]
    parts: Mapping[str, str]
    decoding: Decoding | None = None
    url: str = ""
    timestamp: str = ""

    def query_segments(self) -> Sequence[Segment]:
        """The parts of the query, whatever the method."""
        if self.request.method == "GET":
            return self.reading.segments
        return read_segments(self.request.query) if self.request.query else ()

    def body_segments(self) -> Sequence[Segment]:
        """The parameters of the body."""
        if self.request.method == "GET":
            return ()
        return self.reading.segments or [("", name, value) for name, value in self.reading.members]


def refuse_forged() -> Refused:
    """What the signature stands on is not there, so it cannot be right."""
    return Refused(Reason.BAD_SIGNATURE)


def decode_text(raw: bytes, decoding: Decoding | None) -> bytes:
    """Decode what is a piece of a query: not at all, or percent escapes, or also `+` as a space."""
    if decoding == "form":
        raw = raw.replace(b"+", b" ")
    return raw if decoding in (None, "raw") else unquote_to_bytes(raw)


def decode_segment(segment: Segment, decoding: Decoding | None) -> tuple[bytes, bytes]:
    """Give the name and the value of a parameter under a decoding; the usual one is that of forms."""
    part, name, value = segment
    if decoding in (None, "form") or not part:
        return name.encode(), value.encode()
    raw_name, _, raw_value = part.encode("latin-1").partition(b"=")
    return decode_text(raw_name, decoding), decode_text(raw_value, decoding)

"""Finds what may be stored of a long body that is not read, because its signature does not match.

To mask a personal parameter the whole body must be read, which a forger could make expensive. So the body is searched
for masked names only. Pure.
"""

import re

import msgspec

from postledger.ingest.read_request import Format, mask_form
from postledger.ledger.rules.raw_beginning import MAX_UNPROVED_RAW_BYTES, Whole, cut, mask_tokens, measure
from postledger.policy.source import Source
from postledger.vocabulary.refusal import Refused

_ESCAPED_NAME = {
    "form": re.compile(rb"(?:^|&)[^=&]*[%+]"),
    "json": re.compile(rb"\\u"),
}


class Beginning(msgspec.Struct, frozen=True):
    """What may be stored of a body, and the length and hash of the whole."""

    raw: bytes
    whole: Whole


def read_beginning(body: bytes, source: Source, written_as: Format) -> Beginning:
    """Return the beginning of a body, without masked parameters.

    Of JSON that may hold one, nothing is stored but the length.
    """
    if not _may_hold_masked(body, source, written_as):
        return Beginning(cut(mask_tokens(body)), measure(body))
    raw = _mask_beginning(body, source) if written_as == "form" else b""
    return Beginning(raw, Whole(len(body), None))


def _may_hold_masked(body: bytes, source: Source, written_as: Format) -> bool:
    names = source.masked_names
    return any(name.encode() in body for name in names) or _ESCAPED_NAME[written_as].search(body) is not None


def _mask_beginning(body: bytes, source: Source) -> bytes:
    whole_parameters = body[:MAX_UNPROVED_RAW_BYTES].rpartition(b"&")[0]
    try:
        return cut(mask_form(whole_parameters, source))
    except Refused:
        return b""

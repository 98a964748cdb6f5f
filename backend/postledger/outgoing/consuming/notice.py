"""What a mapper needs of a published change: which conversion it is about. It reads the rest from the ledger."""

from typing import Literal
from uuid import UUID

import msgspec


class Notice(msgspec.Struct, frozen=True):
    """A part of `/schemas/conversion-event-1.json`."""

    version: Literal[1]
    dedup_key: UUID
    receipt: UUID
    revision: int


_decoder = msgspec.json.Decoder(Notice)


def read_notice(body: bytes) -> Notice | None:
    """Read a message. None if it is not one of ours, or of a later version."""
    try:
        return _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None

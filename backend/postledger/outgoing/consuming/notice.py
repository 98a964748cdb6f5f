"""What a mapper needs of a published change: which conversion it is about. It reads the rest from the ledger.

Kind and time are for a change that cannot be mapped: they belong to its row in the outbox.
"""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from postledger.ledger.outbox import OutboxKind
from postledger.ledger.set_aside import ChangeRow


class Notice(msgspec.Struct, frozen=True):
    """A part of `/schemas/conversion-event-1.json`."""

    version: Literal[1]
    dedup_key: UUID
    receipt: UUID
    revision: Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]
    kind: OutboxKind
    received_at: Annotated[datetime, msgspec.Meta(tz=True)]

    def to_row(self) -> ChangeRow:
        """Return the row that the change had in the outbox."""
        return ChangeRow(self.received_at, str(self.dedup_key), str(self.receipt), self.revision, self.kind)


_decoder = msgspec.json.Decoder(Notice)


def read_notice(body: bytes) -> Notice | None:
    """Read a message. None if it is not one of ours, or of a later version."""
    try:
        return _decoder.decode(body)
    except Exception:  # of any kind, as for what is nested too deep: a message that stays would stop every consumer
        return None

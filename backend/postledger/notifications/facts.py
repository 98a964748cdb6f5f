"""What notifications are about. Pure."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Literal

import msgspec

Kind = Literal["request", "reminder", "forward_off", "export_refused"]


class WaitingRequest(msgspec.Struct, frozen=True):
    """A request that waits. `amount` is for those who may decide, and for no one else."""

    id: str
    subject: str
    payee: str | None
    payee_name: str | None
    amount: Decimal | None
    currency: str | None
    step: int
    steps: Sequence[str]
    rule: str
    created_at: datetime
    content_sha256: bytes
    bill: str | None
    categories: Sequence[str] | None


class ForwardOff(msgspec.Struct, frozen=True):
    """A forward that is switched off."""

    forward: str


class ExportRefused(msgspec.Struct, frozen=True):
    """A bill that a target refuses. What the target said can quote amounts, so it is not told."""

    bill: str
    target: str
    number: str


Facts = WaitingRequest | ForwardOff | ExportRefused

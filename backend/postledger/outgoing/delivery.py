"""A delivery that a worker has leased, and the result of one attempt at it."""

from datetime import datetime
from typing import Literal

import msgspec

from postledger.outgoing.rules.forward import Facts

State = Literal["waiting", "delivered", "failed", "discarded"]


class Leased(msgspec.Struct, frozen=True):
    """A delivery that this worker may send. `attempts` were made before, the first one `first_at`."""

    dedup_key: str
    receipt: str
    attempts: int
    first_at: datetime | None
    facts: Facts


class Result(msgspec.Struct, frozen=True):
    """An attempt, and what becomes of its delivery. `moves_later` if later ones of the conversion get its time."""

    dedup_key: str
    receipt: str
    revision: int
    attempt: int
    state: State
    due_at: datetime
    at: datetime
    took_ms: int
    http_status: int | None
    fault: str | None
    moves_later: bool

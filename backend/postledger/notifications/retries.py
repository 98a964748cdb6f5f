"""Says when a notification is tried again, and when it is given up. Pure."""

from datetime import datetime, timedelta

from postledger.platform.leases import spread

GIVEN_UP_AFTER = timedelta(days=3)
"""A reminder comes for what still waits, so what could not be told for days is not told late."""
_DELAYS_S = (30, 60, 300, 1800)
_HOUR_S = 3600
_SPREAD = 0.2


def find_next_attempt(attempts: int, created_at: datetime, now: datetime, roll: float) -> datetime | None:
    """Return when to try again after `attempts` of them; None to give up. `roll` is a random number from 0 to 1."""
    pause_s = _DELAYS_S[attempts - 1] if attempts <= len(_DELAYS_S) else _HOUR_S
    due_at = now + timedelta(seconds=spread(pause_s, _SPREAD, roll))
    return None if due_at > created_at + GIVEN_UP_AFTER else due_at

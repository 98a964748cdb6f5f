"""Leases: a worker holds a row until a time, and a row whose lease has run out is free again.

So a worker that is killed loses nothing and blocks nothing. Deliveries and tasks have the columns `due_at` and
`leased_until`. Each has its own statement to lease rows, because what is leased together differs.
"""

from datetime import datetime, timedelta

LEASE_S = 60
"""How long a lease lasts. A lease that is not renewed and not settled within that time belongs to a dead worker."""
GRACEFUL_STOP_S = 20
"""How long a worker that was asked to stop may finish what it has leased."""


def end_of_lease(now: datetime) -> datetime:
    """Return when a lease that is taken or renewed now runs out."""
    return now + timedelta(seconds=LEASE_S)


def spread(pause_s: float, share: float, roll: float) -> float:
    """Make a pause longer or shorter by up to `share`, so that retries do not come together. `roll` is 0 to 1."""
    return pause_s * (1 + share * (2 * roll - 1))

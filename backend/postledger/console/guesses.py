"""Limits how often an address may send a code that opens nothing. A code has 256 bits; this spares the ledger."""

from collections.abc import Callable
from threading import Lock

MOST = 10
WINDOW_S = 60.0
_MOST_ADDRESSES = 10_000


class Guesses:
    """Counts wrong codes by address, within a window that begins with the first one."""

    def __init__(self, clock_s: Callable[[], float]) -> None:
        self._clock_s, self._lock = clock_s, Lock()
        self._wrong: dict[str, tuple[float, int]] = {}

    def are_spent(self, address: str) -> bool:
        """Return whether this address has to wait."""
        with self._lock:
            return self._find(address)[1] >= MOST

    def note(self, address: str) -> None:
        """Count a wrong code."""
        with self._lock:
            if len(self._wrong) >= _MOST_ADDRESSES:
                self._wrong.clear()  # bounded memory; the edge limits each address too
            began, count = self._find(address)
            self._wrong[address] = (began, count + 1)

    def _find(self, address: str) -> tuple[float, int]:
        now = self._clock_s()
        began, count = self._wrong.get(address, (now, 0))
        return (began, count) if now - began < WINDOW_S else (now, 0)

"""When each secret last matched: remembered by the request, written beside the way at most once a minute a secret."""

from datetime import datetime
from typing import Any

from psycopg import Connection

WRITE_EVERY_S = 60.0
_WRITE = """
UPDATE source_secrets SET last_matched_at = %(at)s
WHERE id = %(id)s AND (last_matched_at IS NULL OR last_matched_at < %(at)s)
"""


class SecretUsage:
    """The last matches that one process has seen and not yet written."""

    def __init__(self) -> None:
        self._matched: dict[int, datetime] = {}
        self._due_s: dict[int, float] = {}

    def note(self, secret_id: int, at: datetime) -> None:
        """Remember a match; called for each believed request, so it is one assignment."""
        self._matched[secret_id] = at

    def write_due(self, connection: Connection[Any], now_s: float) -> None:
        """Write the matches of the secrets whose minute is over; `now_s` is of a clock that only goes forward."""
        for secret_id in [one for one in self._matched if self._due_s.get(one, now_s) <= now_s]:
            self._write(connection, secret_id)
            self._due_s[secret_id] = now_s + WRITE_EVERY_S

    def write_all(self, connection: Connection[Any]) -> None:
        """Write whatever was not written yet, before the process ends."""
        for secret_id in list(self._matched):
            self._write(connection, secret_id)

    def _write(self, connection: Connection[Any], secret_id: int) -> None:
        # One statement each: two processes that lock several rows in different orders would wait for each other.
        at = self._matched[secret_id]
        connection.execute(_WRITE, {"id": secret_id, "at": at})
        if self._matched[secret_id] == at:
            del self._matched[secret_id]

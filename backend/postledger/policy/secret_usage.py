"""Records when each secret last matched: requests keep it in memory, a background task writes it once a minute."""

from datetime import datetime
from typing import Any

from psycopg import Connection

from postledger.platform.postgres.sql import statements_of

sql = statements_of("postledger.policy")

WRITE_EVERY_S = 60.0


class SecretUsage:
    """The last matches that this process has seen and not yet written."""

    def __init__(self) -> None:
        self._matched: dict[int, datetime] = {}
        self._due_s: dict[int, float] = {}

    def note(self, secret_id: int, at: datetime) -> None:
        """Remember a match. It is called for each verified request, therefore it is one assignment."""
        self._matched[secret_id] = at

    def write_due(self, connection: Connection[Any], now_s: float) -> None:
        """Write the matches of the secrets whose minute is over. `now_s` is a reading of a monotonic clock."""
        for secret_id in [one for one in self._matched if self._due_s.get(one, now_s) <= now_s]:
            self._write(connection, secret_id)
            self._due_s[secret_id] = now_s + WRITE_EVERY_S

    def write_all(self, connection: Connection[Any]) -> None:
        """Write all matches that were not written yet. It is called before the process ends."""
        for secret_id in list(self._matched):
            self._write(connection, secret_id)

    def _write(self, connection: Connection[Any], secret_id: int) -> None:
        # One statement per secret: two processes that lock several rows in different orders would deadlock.
        at = self._matched[secret_id]
        connection.execute(sql("note_match"), {"id": secret_id, "at": at})
        if self._matched[secret_id] == at:
            del self._matched[secret_id]

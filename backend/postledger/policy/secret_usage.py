"""Records when each secret last matched: requests keep it in memory, a background task writes it once a minute."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from psycopg import Connection

from postledger.platform.postgres.sql import statements_of

sql = statements_of("postledger.policy")

WRITE_EVERY_S = 60.0
PORTION = 1000
"""How many matches are written by one statement, and so within a second: ten thousand sources may send at once."""


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
        due = [one for one in self._matched if self._due_s.get(one, now_s) <= now_s]
        for secret_id in self._write(connection, due[:PORTION]):
            self._due_s[secret_id] = now_s + WRITE_EVERY_S

    def write_all(self, connection: Connection[Any]) -> None:
        """Write all matches that were not written yet. It is called before the process ends."""
        waiting = list(self._matched)
        for start in range(0, len(waiting), PORTION):
            self._write(connection, waiting[start : start + PORTION])

    def _write(self, connection: Connection[Any], secret_ids: Sequence[int]) -> list[int]:
        if not secret_ids:
            return []
        matched = {secret_id: self._matched[secret_id] for secret_id in secret_ids}
        values = {"ids": list(matched), "times": list(matched.values())}
        written = [secret_id for (secret_id,) in connection.execute(sql("note_matches"), values).fetchall()]
        for secret_id in written:
            if self._matched[secret_id] == matched[secret_id]:
                del self._matched[secret_id]
        return written

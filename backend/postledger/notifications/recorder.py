"""Records what came of notifications, and reports it for the log and the metrics."""

import random
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec
from psycopg import Connection

from postledger.notifications.queue import Notification, postpone, settle
from postledger.notifications.retries import find_next_attempt

Result = Literal["sent", "retried", "dropped", "obsolete"]


class Attempt(msgspec.Struct, frozen=True):
    """What came of one notification. It holds no address, and nothing that a server said."""

    at: datetime
    notification: Notification
    result: Result
    fault: str | None = None


Report = Callable[[Attempt], None]


class Recorder:
    """Records, and then reports."""

    def __init__(self, report: Report, dice: Callable[[], float] = random.random) -> None:
        self._report, self._dice = report, dice

    def end(
        self,
        connection: Connection[Any],
        notes: Sequence[Notification],
        result: Literal["sent", "obsolete", "dropped"],
        now: datetime,
        *,
        fault: str | None = None,
    ) -> None:
        """Record that notifications were sent, that there is nothing to tell any more, or that they are given up."""
        if notes:
            settle(connection, [each.id for each in notes], result, now, fault)
            self._report_all(notes, result, now, fault)

    def retry(self, connection: Connection[Any], notes: Sequence[Notification], fault: str, now: datetime) -> None:
        """Record that notifications could not be sent. Those that were tried for days are given up."""
        due_at = {each.id: find_next_attempt(each.attempts, each.created_at, now, self._dice()) for each in notes}
        later = {each: due for each, due in due_at.items() if due is not None}
        if later:
            postpone(connection, later, fault)
            self._report_all([each for each in notes if each.id in later], "retried", now, fault)
        self.end(connection, [each for each in notes if each.id not in later], "dropped", now, fault=fault)

    def _report_all(self, notes: Sequence[Notification], result: Result, now: datetime, fault: str | None) -> None:
        for each in notes:
            self._report(Attempt(now, each, result, fault))

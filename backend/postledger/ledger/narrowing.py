"""Finds the change that a batch fails at: smaller batches show which one it is, and it is then tried alone.

The worker does so with changes of the outbox, and `postledger consume` with those that the broker delivers.
"""

import logging
from collections.abc import Callable
from typing import TypeVar

import psycopg

from postledger.ledger.set_aside import ChangeRow
from postledger.platform.logs import tell_where
from postledger.platform.postgres.errors import Cause, DatabaseFailed, translate

Handed = TypeVar("Handed")

ATTEMPTS = 3
"""So often a change is handed over alone before it is set aside."""
_NARROWED_BY = 10
_log = logging.getLogger("postledger.worker")


class Narrowing:
    """How many changes are handed over at a time: `whole` batches, and smaller ones after a batch has failed.

    What fails for another reason than a change, such as a lost connection, makes no batch smaller.
    """

    def __init__(self, whole: int) -> None:
        self._whole = self._limit = whole
        self._suspects = 0
        """How many of the next changes may be the one that a batch failed at."""
        self._failing: ChangeRow | None = None
        self._attempts = 0

    def hand_over(self, some: Callable[[int], Handed], one: Callable[[], Handed]) -> Handed:
        """Call `some` with the most changes that it may hand over, or `one` if only one may be. Raises what they raise.

        A batch that fails by one of its changes is tried again at once, with fewer changes.
        """
        while self._limit > 1:
            try:
                return some(self._limit)
            except Exception as error:
                if not _is_of_change(error):
                    raise
                self._suspects, self._limit = self._limit, self._limit // _NARROWED_BY
        return one()

    def widen(self, handed_over: int) -> None:
        """Allow whole batches again, as soon as those that were suspected are through."""
        self._suspects -= handed_over
        if self._suspects <= 0 or handed_over < self._limit:
            self.start_over()

    def start_over(self) -> None:
        """Allow whole batches again, because the change that failed was set aside."""
        self._limit = self._whole

    def is_hopeless(self, change: ChangeRow, error: Exception) -> bool:
        """Count an error of a change that was handed over alone. True if it should be set aside now."""
        if not _is_of_change(error):
            return False
        self._attempts = self._attempts + 1 if change == self._failing else 1
        self._failing = change
        return self._attempts >= ATTEMPTS


def describe_fault(error: Exception) -> str:
    """Return the type of an error and its place in the code, never a value."""
    return f"{type(error).__name__} at {tell_where(error.__traceback__)}"


def log_set_aside(change: ChangeRow, fault: str) -> None:
    """Log that a change was set aside. Call it after the commit."""
    fields = {"receipt": change.receipt, "fault": fault, "advice": "run postledger changes list"}
    _log.error("set a change aside", extra={"fields": fields})


def _is_of_change(error: Exception) -> bool:
    """Whether another change may fare better: a bug of ours, or a value that Postgres refuses."""
    if isinstance(error, psycopg.Error):
        error = translate(error)
    if isinstance(error, DatabaseFailed):
        return error.cause is Cause.ROW
    return not isinstance(error, OSError | MemoryError)

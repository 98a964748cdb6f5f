"""What is known of a writer: whether its last write failed, and which failures were logged and counted.

A metric that raises must not stop the writer, so every report goes through this module, which catches the exception.
"""

import logging
import time
from collections.abc import Callable
from typing import ParamSpec

from postledger.platform.logs import tell_where
from postledger.platform.postgres.errors import Cause

_log = logging.getLogger("postledger.ledger")
Arguments = ParamSpec("Arguments")

RECOVERED_AFTER_S = 1.0
"""Without a failure for this long, the failure is over. It keeps a writer that fails by turns from filling the log."""
REPEAT_BUG_S = 60.0


class WriterState:
    """Whether the last write failed. A failure is logged when its cause changes, and counted each time."""

    def __init__(self, count_failure: Callable[[Cause], None], note_failing: Callable[[bool], None]) -> None:
        self._count_failure, self._note_failing = count_failure, note_failing
        self.is_failing = False
        self._logged: Cause | None = None
        self._failed_s = 0.0
        self._logged_bugs: dict[tuple[str, str], float] = {}
        self.report(note_failing, False)  # the series is there from the start

    def fail(self, cause: Cause, sqlstate: str | None = None) -> None:
        """Note that a write failed."""
        self.is_failing, self._failed_s = True, time.monotonic()
        if cause is not self._logged:
            _log.error("nothing can be committed: cause=%s sqlstate=%s", cause, sqlstate)
            self._logged = cause
        self.report(self._note_failing, True)
        self.count(cause)

    def count(self, cause: Cause) -> None:
        """Count a row that failed alone. The writer works: one sender's values must not make the backend unhealthy."""
        self.report(self._count_failure, cause)

    def succeed(self) -> None:
        """Note that a write succeeded."""
        if self.is_failing:
            self.is_failing = False
            self.report(self._note_failing, False)

    def settle(self, now_s: float) -> None:
        """Log the end of a failure that has not come back."""
        if self._logged is not None and not self.is_failing and now_s - self._failed_s > RECOVERED_AFTER_S:
            _log.warning("commits succeed again")
            self._logged = None

    def report(self, call: Callable[Arguments, None], *arguments: Arguments.args, **named: Arguments.kwargs) -> None:
        """Call a metric. An exception in it is logged and goes no further."""
        try:
            call(*arguments, **named)
        except Exception as error:
            self.log_bug(error)

    def log_bug(self, error: BaseException) -> None:
        """Log the type and the place of an exception, never its message. Each place is logged once a minute."""
        bug, now_s = (type(error).__name__, tell_where(error.__traceback__)), time.monotonic()
        if now_s - self._logged_bugs.get(bug, -REPEAT_BUG_S) >= REPEAT_BUG_S:
            self._logged_bugs[bug] = now_s
            _log.error("bug: type=%s at=%s", *bug)

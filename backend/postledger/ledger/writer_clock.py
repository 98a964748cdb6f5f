"""The clock of the writer: answers overdue requests, and gives up a connection on which a flush hangs.

One clock for all requests, because a timer for each request costs more than the rest of its wait.
"""

import time
from collections.abc import Callable
from typing import Any

import gevent

from postledger.ledger.waiting_rows import WaitingRows
from postledger.ledger.writer_state import WriterState
from postledger.platform.timeouts import ANSWER_WITHIN_S, CLOCK_EVERY_S, FLUSH_WITHIN_S, PAUSE_S


class WriterClock:
    """Looks at the waiting rows every `CLOCK_EVERY_S` seconds."""

    def __init__(
        self,
        rows: WaitingRows[Any, Any],
        state: WriterState,
        note_waiting: Callable[[int], None],
        hang_up: Callable[[], None],
    ) -> None:
        self._rows, self._state = rows, state
        self._note_waiting, self._hang_up = note_waiting, hang_up
        self._looked_s = time.monotonic()

    def run(self) -> None:
        """Look for ever. An exception costs one look."""
        while True:
            gevent.sleep(CLOCK_EVERY_S)
            try:
                self.look(time.monotonic())
            except Exception as error:
                self._state.log_bug(error)

    def look(self, now_s: float) -> None:
        """Refuse what is overdue at this time of the monotonic clock, and report how many rows wait."""
        looked_s, self._looked_s = self._looked_s, now_s
        if now_s - looked_s > PAUSE_S:
            # After a pause of the machine the results are there or come at once. A 503 would bring the request again.
            self._rows.leave_out(now_s - looked_s, now_s)
        self._rows.refuse_overdue(now_s - ANSWER_WITHIN_S)
        if self._rows.began_s is not None and self._rows.began_s < now_s - FLUSH_WITHIN_S:
            self._hang_up()
        self._state.settle(now_s)
        self._state.report(self._note_waiting, len(self._rows))  # here, because a hung writer cannot report

"""What need not be done before the answer: gathered, and done for many requests at once.

To count an accepted postback and to tell of it takes some 7 µs in a loop of nothing else. Between judging and
answering, where nothing of it was in a cache, it took 27.
"""

import logging
from collections.abc import Callable
from typing import Generic, TypeVar

import gevent

WITHIN_S = 0.1
Item = TypeVar("Item")
_log = logging.getLogger("postledger.later")


class Later(Generic[Item]):
    """Hands on, every `WITHIN_S` seconds, all that was added since: nothing else is cheap enough for each request.

    `note` is called each time that nothing is left, also where nothing was added.
    """

    def __init__(self, hand_on: Callable[[list[Item]], None], note: Callable[[], None] = lambda: None) -> None:
        self._hand_on, self._note, self._items = hand_on, note, list[Item]()
        self.add = self._items.append
        self._flusher = gevent.spawn(self._flush_for_ever)

    def flush(self) -> None:
        """Hand on what has gathered, in its order; should that fail, it costs these items and no more."""
        items = self._items.copy()
        self._items.clear()
        try:
            self._hand_on(items)
        except Exception as error:
            _log.error("bug: type=%s at=flush of %d", type(error).__name__, len(items))

    def close(self) -> None:
        """Hand on the last items."""
        self._flusher.kill()
        self.flush()

    def _flush_for_ever(self) -> None:
        while True:
            gevent.sleep(WITHIN_S)
            if self._items:
                self.flush()
            self._note()

"""What need not be done before the answer: gathered, and done for many requests at once.

To count an accepted postback and to tell of it takes some 7 µs in a loop of nothing else. Between judging and
answering, where nothing of it was in a cache, it took 27.
"""

import logging
from collections.abc import Callable
from typing import Generic, TypeVar

import gevent

AT_ONCE = 64
WITHIN_S = 0.1
Item = TypeVar("Item")
_log = logging.getLogger("postledger.later")


class Later(Generic[Item]):
    """Hands items on in their order: `AT_ONCE` together, or fewer after `WITHIN_S` seconds."""

    def __init__(self, hand_on: Callable[[list[Item]], None]) -> None:
        self._hand_on, self._items = hand_on, list[Item]()
        self._flusher = gevent.spawn(self._flush_for_ever)

    def add(self, item: Item) -> None:
        """Take one item."""
        self._items.append(item)
        if len(self._items) >= AT_ONCE:
            self.flush()

    def flush(self) -> None:
        """Hand on what has gathered; should that fail, it costs these items, and never the request that came last."""
        items, self._items = self._items, []
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

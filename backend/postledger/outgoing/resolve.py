"""Looks up host names for forwards, without letting a slow name server delay the forwards to other hosts.

Each host occupies at most one thread, and requests that need the same name share one look-up.
"""

import socket
from collections.abc import Callable, Sequence
from typing import Any

from gevent.event import AsyncResult
from gevent.monkey import get_original
from gevent.threadpool import ThreadPool

MOST_THREADS = 32

Resolve = Callable[[str, int], Sequence[str]]
"""Returns the addresses of a host, as text; none if the look-up fails."""

_look_up: Any = get_original("socket", "getaddrinfo")


class SystemResolver:
    """Asks the resolver of the system."""

    def __init__(self) -> None:
        self._threads = ThreadPool(MOST_THREADS)
        self._running: dict[str, AsyncResult[Sequence[str]]] = {}

    def __call__(self, host: str, port: int) -> Sequence[str]:
        """Return the addresses of a host; none if the look-up fails."""
        running = self._running.get(host)
        if running is None:
            running = self._running[host] = self._start(host, port)
        return running.get() or ()

    def close(self) -> None:
        """End the threads."""
        self._threads.kill()

    def _start(self, host: str, port: int) -> "AsyncResult[Sequence[str]]":
        result: AsyncResult[Sequence[str]] = self._threads.spawn(_find_addresses, host, port)
        result.rawlink(lambda _: self._running.pop(host, None))
        return result


def _find_addresses(host: str, port: int) -> Sequence[str]:
    try:
        found = _look_up(host, port, 0, socket.SOCK_STREAM)
    except (OSError, UnicodeError):  # raised in a thread of the pool, it would be logged as a death
        return ()
    return list(dict.fromkeys(str(address[0]) for *_, address in found))

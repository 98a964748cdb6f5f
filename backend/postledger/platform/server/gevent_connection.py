"""A connection that waits on one watcher of gevent's loop, instead of on gevent's replacement of `poll`.

The writer waits once per batch. The replacement (a poll object, two watchers and a timer for each wait) took a tenth of
a busy worker's time.
"""

from typing import Any, TypeVar

import gevent
from psycopg import Connection
from psycopg.abc import PQGen
from psycopg.waiting import READY_R, READY_RW, WAIT_R

Result = TypeVar("Result")

_READ, _READ_OR_WRITE = 1, 3  # libev's EV_READ, and EV_READ | EV_WRITE


class GreenletConnection(Connection[Any]):
    """A connection that switches to the hub while it waits. The server bounds a wait by its statement timeout.

    A wait for a server that hangs ends when the writer's clock shuts the connection down.
    """

    def wait(self, gen: PQGen[Result], interval: float = 0.0, timeout: float | None = None) -> Result:  # noqa: ARG002
        """Run one exchange with the server to its end."""
        hub, descriptor = gevent.get_hub(), self.pgconn.socket
        try:
            state = next(gen)
            while True:
                only_reads = state == WAIT_R
                hub.wait(hub.loop.io(descriptor, _READ if only_reads else _READ_OR_WRITE))
                state = gen.send(READY_R if only_reads else READY_RW)
        except StopIteration as stop:
            result: Result = stop.value
            return result

"""Idle connections are closed when a worker stops; one whose request has come in that moment is served to the end."""

import gevent
from gevent.event import Event

from postledger.platform.server.gunicorn_worker import Idle

LONG_S = 60.0


class Connection:
    """A connection that waits for one request and needs a moment to answer it."""

    def __init__(self, idle: Idle) -> None:
        self.request, self.ends = Event(), list[str]()
        self._idle = idle
        self.greenlet = gevent.spawn(self._serve)
        gevent.sleep(0)

    def _serve(self) -> None:
        try:
            with self._idle:
                self.request.wait()
            gevent.sleep(0.001)
            self.ends.append("answered")
        except gevent.GreenletExit:
            self.ends.append("closed")


def test_an_idle_connection_is_closed() -> None:
    idle = Idle()
    connections = [Connection(idle) for _ in range(3)]

    idle.close(0)
    idle.close(0)
    gevent.joinall([one.greenlet for one in connections])

    assert [one.ends for one in connections] == [["closed"]] * 3


def test_a_request_that_comes_before_the_hub_closes_its_connection_is_answered() -> None:
    idle = Idle()
    first, second = Connection(idle), Connection(idle)

    first.request.set()
    idle.close(0)
    gevent.joinall([first.greenlet, second.greenlet])

    assert (first.ends, second.ends) == (["answered"], ["closed"])


def test_a_request_that_comes_after_that_is_not_read() -> None:
    idle = Idle()
    connection = Connection(idle)

    idle.close(0)
    connection.request.set()
    connection.greenlet.join()

    assert connection.ends == ["closed"]


def test_a_connection_that_is_not_idle_for_long_stays() -> None:
    idle = Idle()
    connection = Connection(idle)

    idle.close(LONG_S)
    gevent.sleep(0.001)
    connection.request.set()
    connection.greenlet.join()

    assert connection.ends == ["answered"]

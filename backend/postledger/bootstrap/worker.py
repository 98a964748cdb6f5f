"""The composition root of `postledger worker`: which loops a worker runs, what they call, and how it starts and stops.

To add work that follows from a change of a conversion, add a consumer to `_list_consumers`. To add work of another
kind, add a `WorkLoop` to `_create_loops`. A loop has a connection of its own.
"""

import logging
import signal
from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Any

import gevent
import msgspec
from gevent.event import Event
from psycopg import Connection

from postledger.bootstrap.forwarding import create_forward_loop
from postledger.ledger.dispatch import Consumer, dispatch
from postledger.outgoing.current_forwards import CurrentForwards
from postledger.outgoing.queue_deliveries import queue_deliveries
from postledger.platform.json_log import EventLog, log_as_json
from postledger.platform.keyring import Keyring
from postledger.platform.leases import GRACEFUL_STOP_S
from postledger.platform.postgres.connection import connect
from postledger.platform.server.greenlet_process import is_prepared
from postledger.platform.server.gunicorn_logger import silence_hub
from postledger.platform.server.status_server import StatusServer
from postledger.platform.settings import WorkerSettings, read_environment, read_worker_settings
from postledger.platform.timeouts import CONNECT_S
from postledger.platform.work_loop import WorkLoop

PARTS = ("tasks", "map", "forward")
"""What a worker can do, in the order in which `--once` does it: tasks make changes, and changes make deliveries."""
_STATEMENT_TIMEOUT_MS = 30_000
_KILL_AFTER_S = GRACEFUL_STOP_S - 2
_log = logging.getLogger("postledger.worker")


class HandedOver(msgspec.Struct, frozen=True):
    """The log entry of one change that was handed over."""

    time: Any
    receipt: str
    kind: str
    revision: int
    source: str | None
    event: str = "handed over"


class _Tools(msgspec.Struct, frozen=True):
    """What the loops share."""

    settings: WorkerSettings
    keyring: Keyring
    events: EventLog
    stop: Event

    def connect(self) -> Connection[Any]:
        """Open a connection for a loop."""
        return connect(
            self.settings.database_url,
            name="worker",
            statement_timeout_ms=_STATEMENT_TIMEOUT_MS,
            connect_timeout_s=CONNECT_S,
        )


def run_worker(parts: Collection[str], *, once: bool) -> bool:
    """Run these parts until SIGTERM, or `once` until there is nothing left to do. False if that failed."""
    assert is_prepared(), "the driver must wait in greenlets, or one loop would stop all others"
    settings = read_worker_settings(read_environment())
    tools = _Tools(settings, Keyring(settings.master_keys), log_as_json(), Event())
    silence_hub()
    for number in (signal.SIGTERM, signal.SIGINT):
        gevent.signal_handler(number, tools.stop.set)
    loops = _create_loops(parts, tools)
    return _run_once(loops, tools.stop) if once else _run(loops, tools)


def _create_loops(parts: Collection[str], tools: _Tools) -> list[WorkLoop]:
    loops = {
        "map": WorkLoop("map", partial(_hand_over, _list_consumers(tools), tools.events), tools.connect),
        "forward": create_forward_loop(tools.keyring, tools.connect, tools.events, lambda _forward, _result: None),
    }
    return [loops[part] for part in PARTS if part in parts and part in loops]


def _list_consumers(tools: _Tools) -> Sequence[Consumer]:
    return (queue_deliveries(CurrentForwards(tools.keyring).find),)


def _hand_over(consumers: Sequence[Consumer], events: EventLog, connection: Connection[Any]) -> int | None:
    changes = dispatch(connection, consumers)
    if changes is None:
        return None
    for change in changes:
        events.add(HandedOver(change.received_at, change.receipt, change.kind, change.revision, change.source))
    events.write()
    return len(changes)


def _run(loops: Sequence[WorkLoop], tools: _Tools) -> bool:
    server = _start_server(tools.settings, partial(_find_failing, loops))
    greenlets = [gevent.spawn(loop.run, tools.stop) for loop in loops]
    _log.info("started", extra={"fields": {"parts": [loop.name for loop in loops]}})
    tools.stop.wait()
    gevent.joinall(greenlets, timeout=_KILL_AFTER_S)
    gevent.killall(greenlets)
    _log.info("stopped")
    if server is not None:
        server.close()
    return True


def _run_once(loops: Sequence[WorkLoop], stop: Event) -> bool:
    return all(loop.run_until_idle(stop) for loop in loops)


def _start_server(settings: WorkerSettings, find_failing: Callable[[], str | None]) -> StatusServer | None:
    if settings.port is None:
        return None
    server = StatusServer(settings.port, lambda: b"", find_failing)
    try:
        server.start()
    except OSError as error:
        # Metrics are worth less than the work: a second worker that was started with the same settings works too.
        fields = {"port": settings.port, "cause": error.strerror}
        _log.warning("serves no metrics, the port cannot be used", extra={"fields": fields})
        return None
    return server


def _find_failing(loops: Sequence[WorkLoop]) -> str | None:
    return next((loop.name for loop in loops if not loop.is_healthy), None)

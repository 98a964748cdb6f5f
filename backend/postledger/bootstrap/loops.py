"""Runs loops until the process is asked to stop, and serves their metrics: those of a worker, or of a consumer."""

import gc
import logging
import signal
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import gevent
from gevent.event import Event
from psycopg import Connection

from postledger.metrics.worker_metrics import WorkerMetrics
from postledger.platform.leases import GRACEFUL_STOP_S
from postledger.platform.postgres.connection import connect, look_up_by_keys, watch_client
from postledger.platform.server.gunicorn_logger import silence_hub
from postledger.platform.server.status_server import StatusServer
from postledger.platform.timeouts import CONNECT_S
from postledger.platform.work_loop import WorkLoop

STATEMENT_TIMEOUT_MS = 30_000
_REFRESH_EVERY_S = 5.0
_KILL_AFTER_S, _KILLED_WITHIN_S = GRACEFUL_STOP_S - 3, 2
_log = logging.getLogger("postledger.worker")


def connect_loop(database_url: str, name: str, statement_timeout_ms: int = STATEMENT_TIMEOUT_MS) -> Connection[Any]:
    """Open a connection for a loop."""
    connection = connect(
        database_url, name=name, statement_timeout_ms=statement_timeout_ms, connect_timeout_s=CONNECT_S
    )
    watch_client(connection)
    return connection


def connect_mapper(database_url: str, name: str) -> Connection[Any]:
    """Open a connection for a loop that maps: it takes few rows at a time out of tables that grow for years."""
    connection = connect_loop(database_url, name)
    look_up_by_keys(connection)
    return connection


def stop_by_signal(stop: Event) -> None:
    """Set `stop` on SIGTERM and Ctrl-C."""
    silence_hub()
    for number in (signal.SIGTERM, signal.SIGINT):
        gevent.signal_handler(number, stop.set)


def run_loops(
    loops: Sequence[WorkLoop],
    connect: Callable[[], Connection[Any]],
    metrics: WorkerMetrics,
    port: int | None,
    stop: Event,
) -> None:
    """Run loops until `stop` is set. Without a port no metrics are served."""
    gc.collect()
    gc.freeze()  # the objects that a process starts with live as long as the process
    server = _start_server(port, metrics, partial(_find_failing, loops))
    refresher = WorkLoop("metrics", partial(_refresh, metrics), connect, idle_pause_s=_REFRESH_EVERY_S)
    greenlets = [gevent.spawn(loop.run, stop) for loop in (*loops, refresher)]
    _log.info("started", extra={"fields": {"parts": [loop.name for loop in loops]}})
    stop.wait()
    gevent.joinall(greenlets, timeout=_KILL_AFTER_S)
    gevent.killall(greenlets, timeout=_KILLED_WITHIN_S)
    _log.info("stopped")
    if server is not None:
        server.close()


def _refresh(metrics: WorkerMetrics, connection: Connection[Any]) -> int:
    metrics.refresh(connection)
    return 0


def _start_server(
    port: int | None, metrics: WorkerMetrics, find_failing: Callable[[], str | None]
) -> StatusServer | None:
    if port is None:
        return None
    server = StatusServer(port, metrics.render, find_failing)
    try:
        server.start()
    except OSError as error:
        # Metrics are worth less than the work: a second worker that was started with the same settings works too.
        fields = {"port": port, "cause": error.strerror}
        _log.warning("serves no metrics, the port cannot be used", extra={"fields": fields})
        return None
    return server


def _find_failing(loops: Sequence[WorkLoop]) -> str | None:
    return next((loop.name for loop in loops if not loop.is_healthy), None)

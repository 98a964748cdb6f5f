"""How gunicorn runs the backend: gevent workers on two unix sockets, and logs that cannot leak."""

import gc
import os
import sys
from pathlib import Path
from typing import Any

from postledger.platform.server.scheduling import schedule_as_batch
from postledger.platform.settings import BadSetting, read_scheduling, read_settings, read_sockets, read_workers
from postledger.platform.timeouts import GRACEFUL_STOP_S

try:  # in the master, so that a bad setting stops the start with one line instead of failing every worker
    read_settings(os.environ)
    sockets = read_sockets(os.environ)
    workers = read_workers(os.environ)
    scheduling = read_scheduling(os.environ)
except BadSetting as error:
    sys.exit(f"postledger: {error}")

if scheduling == "batch":
    schedule_as_batch()  # the workers inherit it

wsgi_app = "postledger.bootstrap.backend:create()"
bind = [f"unix:{sockets.public}", f"unix:{sockets.operators}"]
# The mode of the sockets: their directory alone decides which users may connect. With a narrower mode that is opened to
# the edge afterwards, the edge would be refused for a moment at every start.
umask = 0
worker_class = "postledger.platform.server.gunicorn_worker.Worker"
worker_connections = 4000
http_parser = "fast"
keepalive = 75  # longer than the edge keeps an idle connection, so that only the edge ever closes one
timeout = 30
graceful_timeout = GRACEFUL_STOP_S
# The edge bounds the request line and the headers; a second, smaller bound would refuse what the edge let through.
limit_request_line = 0
limit_request_field_size = 65536
limit_request_fields = 256  # the most that the C parser takes; the edge passes at most 100 and adds its own
control_socket_disable = True
proc_name = "postledger-backend"
accesslog = None
logger_class = "postledger.platform.server.gunicorn_logger.GunicornLogger"


def on_starting(_: Any) -> None:
    """Empty the metrics directory; otherwise counters of the last run would be summed for ever.

    Below /dev/shm any user may have made it first. Its owner could replace its files, so it must be ours.
    """
    # It needs the directory when it is imported.
    from postledger.platform.metrics.preallocated_file import remove_files  # noqa: PLC0415

    directory = Path(os.environ["PROMETHEUS_MULTIPROC_DIR"])
    directory.mkdir(mode=0o750, parents=True, exist_ok=True)
    if directory.is_symlink() or directory.stat().st_uid != os.geteuid():
        sys.exit(f"postledger: PROMETHEUS_MULTIPROC_DIR: {directory} belongs to another user; remove it")
    remove_files(directory)


def post_worker_init(_: Any) -> None:
    """Log a greenlet's death through our own log, and exempt long-lived objects from garbage collection."""
    # The worker must have patched the library first.
    from postledger.platform.server.gunicorn_logger import silence_hub  # noqa: PLC0415

    silence_hub()
    gc.collect()
    gc.freeze()  # the objects that a worker starts with live as long as the worker


def child_exit(_: Any, worker: Any) -> None:
    """Remove the gauges of a worker that has ended; its counters stay."""
    from prometheus_client.multiprocess import mark_process_dead  # noqa: PLC0415 - it reads the environment when imported

    mark_process_dead(worker.pid)


def worker_exit(_: Any, worker: Any) -> None:
    """Write what was taken before the worker ends."""
    if hasattr(worker, "wsgi"):
        worker.wsgi.close()

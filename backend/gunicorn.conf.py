"""How gunicorn runs the backend: gevent workers behind the edge's unix socket, and logs that cannot leak."""

import gc
import os
import shutil
import sys
from pathlib import Path
from typing import Any

from postledger.platform.metrics.multiprocess_barrier import forget_process
from postledger.platform.settings import BadSetting, read_settings, read_workers

try:  # in the master, so that a bad setting stops the start with one line instead of failing every worker
    read_settings(os.environ)
    workers = read_workers(os.environ)
except BadSetting as error:
    sys.exit(f"postledger: {error}")

wsgi_app = "postledger.wsgi:create()"
bind = f"unix:{os.environ['POSTLEDGER_BACKEND_SOCKET']}"
# The socket's: who may reach it is decided by its directory alone. One that is opened to the edge once it is there
# would refuse it for a moment at every start.
umask = 0
worker_class = "postledger.platform.server.gunicorn_worker.Worker"
worker_connections = 4000
http_parser = "fast"
keepalive = 75  # longer than the edge keeps an idle connection, so that only the edge ever closes one
timeout = 30
graceful_timeout = 10
# The edge bounds the request line and the headers; a second, smaller bound would refuse what the edge let through.
limit_request_line = 0
limit_request_field_size = 65536
limit_request_fields = 256  # the most that the C parser takes
control_socket_disable = True
proc_name = "postledger-backend"
accesslog = None
logger_class = "postledger.platform.logs.GunicornLogger"


def on_starting(_: Any) -> None:
    """Empty the metrics directory: what processes that are no more counted would be added up for ever."""
    directory = Path(os.environ["PROMETHEUS_MULTIPROC_DIR"])
    shutil.rmtree(directory, ignore_errors=True)
    # There still, where a worker whose master was killed has just made another file in it.
    directory.mkdir(parents=True, exist_ok=True)


def post_worker_init(_: Any) -> None:
    """Send what a greenlet dies of through our own log, and keep the garbage collector from what never dies."""
    from postledger.platform.logs import silence_hub  # noqa: PLC0415 - the worker must have patched the library first

    silence_hub()
    gc.collect()
    gc.freeze()  # what a worker starts with lives as long as the worker; the collector need not look at it again


def child_exit(_: Any, worker: Any) -> None:
    """Let the gauges of a worker that is gone disappear, and let nobody wait for it; its counters stay."""
    from prometheus_client.multiprocess import mark_process_dead  # noqa: PLC0415 - it reads the environment when imported

    mark_process_dead(worker.pid)
    forget_process(Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]), worker.pid)


def worker_exit(_: Any, worker: Any) -> None:
    """Write what was taken before the worker goes."""
    if hasattr(worker, "wsgi"):
        worker.wsgi.close()

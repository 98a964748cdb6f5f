"""How gunicorn runs the sandbox: one worker on a unix socket of its own, and its status on the loopback interface."""

import gc
import os
import sys
from typing import Any

from postledger.platform.settings import BadSetting, read_sandbox_settings, read_sandbox_socket
from postledger.platform.timeouts import GRACEFUL_STOP_S

try:  # in the master, so that a bad setting stops the start with one line instead of failing every worker
    settings = read_sandbox_settings(os.environ)
    socket = read_sandbox_socket(os.environ)
except BadSetting as error:
    sys.exit(f"postledger: {error}")

os.environ.pop("PROMETHEUS_MULTIPROC_DIR", None)  # that of the backend: this process counts by itself
wsgi_app = "postledger.bootstrap.sandbox:create()"
bind = [f"unix:{socket}"] + ([f"127.0.0.1:{settings.port}"] if settings.port else [])
umask = 0  # as for the backend: the directory of the socket decides which users may connect
workers = 1  # its metric and its sums of bytes are those of one process
worker_class = "postledger.platform.server.gunicorn_worker.Worker"
worker_connections = 200
http_parser = "fast"
keepalive = 75  # longer than the edge keeps an idle connection, so that only the edge ever closes one
timeout = 30
graceful_timeout = GRACEFUL_STOP_S
# The edge bounds the request line and the headers, as for the backend.
limit_request_line = 0
limit_request_field_size = 65536
limit_request_fields = 256
control_socket_disable = True
proc_name = "postledger-sandbox"
accesslog = None
logger_class = "postledger.platform.server.gunicorn_logger.GunicornLogger"


def post_worker_init(_: Any) -> None:
    """Log a greenlet's death through our own log, and exempt long-lived objects from garbage collection."""
    # The worker must have patched the library first.
    from postledger.platform.server.gunicorn_logger import silence_hub  # noqa: PLC0415

    silence_hub()
    gc.collect()
    gc.freeze()


def worker_exit(_: Any, worker: Any) -> None:
    """Write what was taken before the worker ends."""
    if hasattr(worker, "wsgi"):
        worker.wsgi.close()

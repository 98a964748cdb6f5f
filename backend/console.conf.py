"""How gunicorn runs the console: one process with threads on a unix socket, and its status on the loopback."""

import os
import sys
from typing import Any

from postledger.platform.settings import BadSetting, read_console_settings, read_console_socket
from postledger.platform.timeouts import GRACEFUL_STOP_S

try:  # in the master, so that a bad setting stops the start with one line instead of failing every worker
    settings = read_console_settings(os.environ)
    socket = read_console_socket(os.environ)
except BadSetting as error:
    sys.exit(f"postledger: {error}")

os.environ.pop("PROMETHEUS_MULTIPROC_DIR", None)  # that of the backend: this process counts by itself
wsgi_app = "postledger.bootstrap.console:create()"
bind = [f"unix:{socket}"] + ([f"127.0.0.1:{settings.port}"] if settings.port else [])
umask = 0  # as for the backend: the directory of the socket decides which users may connect
workers = 1  # its metric, and what it counts of wrong codes, are those of one process
worker_class = "gthread"
threads = 8
keepalive = 1  # the edge keeps no connection; an idle one would delay a stop
timeout = 30
graceful_timeout = GRACEFUL_STOP_S
forwarded_allow_ips = ""  # the edge overwrites what it tells of the client, and nothing else is believed
control_socket_disable = True
proc_name = "postledger-console"
accesslog = None
logger_class = "postledger.platform.server.gunicorn_logger.GunicornLogger"


def worker_exit(_: Any, worker: Any) -> None:
    """Close the connections of a worker that ends."""
    if hasattr(worker, "wsgi"):
        worker.wsgi.close()

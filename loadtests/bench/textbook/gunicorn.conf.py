"""How gunicorn runs the textbook: the worker class under test, and in all else as the shipped configuration does."""

import os
from typing import Any

wsgi_app = "loadtests.bench.textbook.app:create()"
# The edge asks for its health on the second one.
bind = [f"unix:{os.environ[name]}" for name in ("POSTLEDGER_BACKEND_SOCKET", "POSTLEDGER_OPERATORS_SOCKET")]
workers = int(os.environ["POSTLEDGER_WORKERS"])
worker_class = os.environ["BENCH_WORKER_CLASS"]
threads = int(os.environ["BENCH_POOL"]) if worker_class == "gthread" else 1
worker_connections = 4000
http_parser = "fast"
keepalive = 75
limit_request_line = 0
control_socket_disable = True
accesslog = None
loglevel = "warning"


def worker_exit(_: Any, worker: Any) -> None:
    """Close the pool."""
    if hasattr(worker, "wsgi"):
        worker.wsgi.close()

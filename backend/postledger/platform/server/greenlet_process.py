"""Prepares a process that works in greenlets outside of gunicorn: the worker.

It must be called before anything imports the driver, because the driver decides while it is imported whether it waits
with gevent.
"""

import os

from gevent import monkey


def prepare_greenlets() -> None:
    """Make the standard library wait in greenlets, and keep this process's metrics in its own memory."""
    monkey.patch_all()
    # The directory belongs to the backend. prometheus-client reads the variable while it is imported.
    os.environ.pop("PROMETHEUS_MULTIPROC_DIR", None)


def is_prepared() -> bool:
    """Return whether waiting for a socket lets other greenlets run."""
    return monkey.is_module_patched("socket")

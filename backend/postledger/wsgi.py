"""The factory that gunicorn calls in each worker, after the fork."""

import os

from postledger.bootstrap.backend import create_backend
from postledger.http.app import BackendApp
from postledger.platform.settings import read_settings


def create() -> BackendApp:
    """Build the backend from the process environment."""
    return create_backend(read_settings(os.environ))

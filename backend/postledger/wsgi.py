"""The factory that gunicorn calls in each worker, after the fork."""

import os

from postledger.bootstrap import create_backend
from postledger.config import read_settings
from postledger.http.app import BackendApp


def create() -> BackendApp:
    """Build the backend from the process environment."""
    return create_backend(read_settings(os.environ))

"""Who types: the name that an audit line bears, as the system knows it."""

import getpass
import os


def find_actor() -> str:
    """Name the person behind `sudo`, or else the user that runs the command."""
    return os.environ.get("SUDO_USER") or getpass.getuser()

"""The user who runs the command, as audit records name them."""

import getpass
import os


def find_actor() -> str:
    """Return the user who called `sudo`, or else the user of the process."""
    return os.environ.get("SUDO_USER") or getpass.getuser()

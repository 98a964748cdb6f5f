"""Who runs a command, as every record of it names them. Commands that change something take `--as LOGIN`."""

import getpass
import os
from typing import Annotated

import typer

from postledger.people.actors import name_actor
from postledger.platform.postgres.connection import LedgerConnection

AsUser = Annotated[
    str | None,
    typer.Option(
        "--as",
        metavar="LOGIN",
        help="The user who does this. Default: the one that the operating system's user is, by --os-user.",
    ),
]


def find_actor(connection: LedgerConnection, login: str | None) -> str:
    """Return the login of who runs the command, or the operating system's user if that is no user of Postledger.

    Raises `NotFound`, or `NotPossible` if the user is disabled or a viewer.
    """
    return name_actor(connection, login, find_os_user())


def find_os_user() -> str:
    """Return the user who called `sudo`, or else the user of the process."""
    return os.environ.get("SUDO_USER") or getpass.getuser()

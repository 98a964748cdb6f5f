"""Who runs a command, as every record of it names them. Commands that change something take `--as LOGIN`."""

import getpass
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated

import typer

from postledger.people.actors import name_actor
from postledger.people.audit_chain import append, write_body
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


@contextmanager
def recorded(
    connection: LedgerConnection, login: str | None, action: str, subject: str, **facts: object
) -> Iterator[str]:
    """Do something in one transaction with its entry in the audit chain, and give the actor. `facts` hold no secret."""
    actor = find_actor(connection, login)
    with connection.transaction():
        yield actor
        append(connection, actor, action, subject, body=write_body(**facts), at=datetime.now(UTC))


def record(connection: LedgerConnection, login: str | None, action: str, subject: str, **facts: object) -> str:
    """Record, before it begins, what is done in many transactions. Returns the actor."""
    with recorded(connection, login, action, subject, **facts) as actor:
        return actor


def find_os_user() -> str:
    """Return the user who called `sudo`, or else the user of the process."""
    return os.environ.get("SUDO_USER") or getpass.getuser()

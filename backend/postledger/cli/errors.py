"""How a command fails: one clear line on stderr and a code that is not zero, whatever went wrong.

Neither a traceback nor a database's own message is shown, because both may quote a secret or a postback.
"""

import sys
from typing import Any, NoReturn

import psycopg
from psycopg import errors
from typer import TyperException
from typer.core import TyperGroup

from postledger.platform.keyring import WrongMasterKey
from postledger.platform.postgres.migrations import MigrationChanged
from postledger.platform.settings import BadSetting

_CONNECTING = {
    "refused": "nothing listens at DATABASE_URL; is Postgres running?",
    "No such file": "there is no socket where DATABASE_URL says; is Postgres running?",
    "authentication failed": "Postgres refuses the user or the password in DATABASE_URL",
    "does not exist": "the database or the role in DATABASE_URL does not exist",
    "translate host": "the host in DATABASE_URL cannot be found",
    "starting up": "Postgres is starting; try again in a moment",
}
_BY_CLASS: dict[type[psycopg.Error], str] = {
    errors.UndefinedTable: "the ledger has no such table; run: postledger migrate",
    errors.UndefinedColumn: "the ledger is older or newer than this program; run: postledger migrate",
    errors.LockNotAvailable: "another program holds a lock on the ledger; try again in a moment",
    errors.QueryCanceled: "Postgres took too long; ask for less, or try again",
    errors.InsufficientPrivilege: "the user in DATABASE_URL may not do this",
}


class CommandFailed(Exception):
    """A command cannot do what it was asked; the message is what the operator is told."""


class OneLineErrors(TyperGroup):
    """The top of the command line, which turns every exception into its line."""

    def main(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Run a command and leave with its code: 0, 1 for a failure, 2 for a command that was not understood."""
        kwargs["standalone_mode"] = False
        try:
            code = super().main(*args, **kwargs)
        except TyperException as error:
            if message := " ".join(error.format_message().split()):  # none where the help was shown instead
                _complain(f"{message} (see --help)")
            code = error.exit_code
        except Exception as error:  # the last line of defence: an unforeseen message may quote anything
            _complain(describe(error))
            code = 1
        sys.exit(code if isinstance(code, int) else 0)


def describe(error: Exception) -> str:
    """Say in a line or more what went wrong, without a value that was not written for the operator's eyes."""
    if isinstance(error, CommandFailed | BadSetting | WrongMasterKey | MigrationChanged):
        return str(error)
    if isinstance(error, psycopg.Error):
        return describe_database_error(error)
    if isinstance(error, UnicodeEncodeError):
        return "an argument is not UTF-8 text"
    return f"stopped by a bug: {type(error).__name__} (nothing is shown of it, as it may hold a secret)"


def describe_database_error(error: psycopg.Error) -> str:
    """Say what a database error means, from its class alone."""
    for kind, meaning in _BY_CLASS.items():
        if isinstance(error, kind):
            return meaning
    if isinstance(error, psycopg.OperationalError) and error.sqlstate is None:
        return next((say for sign, say in _CONNECTING.items() if sign in str(error)), "Postgres does not answer")
    return f"Postgres refused: {type(error).__name__} ({error.sqlstate or 'check DATABASE_URL'})"


def _complain(message: str) -> None:
    for line in message.splitlines() or ["failed"]:
        print(f"postledger: {line}", file=sys.stderr)

"""Prints how a command fails: one clear line on stderr and a non-zero exit code, whatever went wrong.

A traceback or the message of a library is never printed, because both can quote a secret or a postback.
"""

import os
import sys
from typing import Any, NoReturn

from typer import TyperException
from typer.core import TyperGroup

from postledger.platform.postgres.errors import DatabaseFailed
from postledger.platform.settings import BadSetting
from postledger.vocabulary.operator_error import OperatorError


class CommandFailed(Exception):
    """A command cannot do what it was asked. The message is printed."""


_OURS = (CommandFailed, OperatorError, BadSetting)
"""The exceptions whose messages are written for operators."""


class OneLineErrors(TyperGroup):
    """The root command. It prints every exception as one line."""

    def main(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Run a command and exit with its code: 0, 1 if it failed, 2 if its arguments were not understood."""
        kwargs["standalone_mode"] = False
        try:
            code = super().main(*args, **kwargs)
        except TyperException as error:
            if message := " ".join(error.format_message().split()):  # it is empty if the help was printed instead
                _complain(f"{message} (see --help)")
            code = error.exit_code
        except BrokenPipeError:  # the reader has enough, as in `postledger conversions list --csv | head`
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else Python fails again at its exit
            code = 1
        except Exception as error:  # the message of an unexpected exception can quote anything
            _complain(describe(error))
            code = 1
        sys.exit(code if isinstance(code, int) else 0)


def describe(error: Exception) -> str:
    """Describe an error in one or more lines, without any value that is not meant for operators."""
    if isinstance(error, _OURS):
        return str(error)
    if isinstance(error, DatabaseFailed):
        return error.advice
    if isinstance(error, UnicodeEncodeError):
        return "an argument is not UTF-8 text; correct it"
    return f"stopped by a bug: {type(error).__name__} (its message is hidden, because it can contain a secret)"


def _complain(message: str) -> None:
    for line in message.splitlines() or ["failed"]:
        print(f"postledger: {line}", file=sys.stderr)

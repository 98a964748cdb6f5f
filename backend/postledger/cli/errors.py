"""Prints how a command fails: one clear line on stderr and a non-zero exit code, whatever went wrong.

A traceback or the message of a library is never printed, because both can quote a secret or a postback.
"""

import os
import re
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
            if message := _reword(error.format_message()):  # it is empty if the help was printed instead
                _complain(f"{message} (see --help)")
            code = error.exit_code
        except BrokenPipeError:  # the reader has enough, as in `postledger conversions list --csv | head`
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else Python fails again at its exit
            code = 1
        except Exception as error:  # the message of an unexpected exception can quote anything
            _complain(describe(error))
            code = 1
        sys.exit(code if isinstance(code, int) else 0)


_VALUE = r"Invalid value for '?([^':]+)'?: "
_WORDINGS = (
    (_VALUE + r"Input should be greater than or equal to (\S+)", r"\1 must be at least \2"),
    (_VALUE + r"Input should be less than or equal to (\S+)", r"\1 must be at most \2"),
    (_VALUE + r"Input should be a valid integer.*", r"\1 must be a whole number"),
    (_VALUE + r"Value error, .* is not one of (.*?)\.?", r"\1 must be one of \2"),
    (_VALUE + r"Input should be (.*)", r"\1 must be \2"),
    (r"Invalid value: (--.*)", r"\1"),
)
"""How the library words a bad value, and how we do."""


def _reword(message: str) -> str:
    line = " ".join(message.split())
    found = next(((match, plain) for form, plain in _WORDINGS if (match := re.fullmatch(form, line))), None)
    return found[0].expand(found[1]) if found else line


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

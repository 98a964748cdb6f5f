"""Errors that a use case raises when it cannot do what an operator asks. The list is closed.

The CLI prints the message. The ops API and the console choose a status by the class.
"""


class OperatorError(Exception):
    """The request of an operator cannot be carried out, and nothing was changed. The message says why and what to do.

    A message is written for operators: it names sources, files and variables, and never quotes a secret.
    """


class InvalidRequest(OperatorError):
    """A value of the request is missing or malformed."""


class NotFound(OperatorError):
    """The request names something that does not exist."""


class NotPossible(OperatorError):
    """The request is well-formed, but the state of the ledger does not allow it."""

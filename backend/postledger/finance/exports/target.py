"""What a target of exports is: it takes one bill, and returns what became of it.

A target does not know the ledger. The engine leases a bill, calls `send` and records the outcome.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Protocol
from uuid import UUID

import msgspec


class ExportedLine(msgspec.Struct, frozen=True):
    """A line of a bill. `amount` is rounded to the minor unit; the amounts of all lines sum to the bill's amount."""

    nth: int
    category: str
    account: str | None
    tax_code: str | None
    exact: Decimal
    amount: Decimal
    items: int
    """How many expense lines it gathers."""


class ExportedBill(msgspec.Struct, frozen=True):
    """An approved bill. `number` is unique, and stays the same for ever: a target finds a bill again by it.

    `payee` is the payee's id, and `erp_reference` what the ERP calls them. `period` is the first day of its month.
    `day` is the day on which the bill was made, in the time zone of the books. `exact + carried_in` is
    `amount + carried_out`.
    """

    id: UUID
    number: str
    payee: str
    payee_name: str
    erp_reference: str | None
    period: date
    day: date
    currency: str
    exact: Decimal
    carried_in: Decimal
    amount: Decimal
    carried_out: Decimal
    lines: tuple[ExportedLine, ...] = ()


class Sent(msgspec.Struct, frozen=True):
    """The target has the bill. `reference` is what it calls it."""

    reference: str


class Refused(msgspec.Struct, frozen=True):
    """The target does not want this bill; a person must act. `words` are the target's, and can quote amounts.

    They are stored with the export, and never logged.
    """

    words: str


class Unknown(msgspec.Struct, frozen=True):
    """The bill may have arrived: the answer was lost. It is looked up before it is sent again.

    `fault` is a word of a closed list of the target, such as `timeout`. It is logged.
    """

    fault: str


class Failed(msgspec.Struct, frozen=True):
    """The bill has not arrived, as after a refused connection. It is sent again later. `fault` as in `Unknown`.

    `retry_after_s` is how long the target asks to wait.
    """

    fault: str
    retry_after_s: float | None = None


Outcome = Sent | Refused | Unknown | Failed
Secrets = Mapping[str, str]
"""The decrypted secrets of a target by name: `login` and `password`, or `secret-1`, `secret-2` …, newest first."""


class Target(Protocol):
    """Where bills are exported to. It sends one bill at a time, which may take 30 s at most.

    The engine calls it in a greenlet of the worker, where sockets of the standard library do not block the others. An
    object is used for many bills, so it may keep a session. It is closed when its configuration changes.
    """

    def send(self, bill: ExportedBill, *, find_first: bool) -> Outcome:
        """Send a bill. With `find_first` it may have arrived before: look it up, and send it only if it is not there.

        An exception counts as `Unknown`, and is logged by its type and place.
        """
        ...

    def close(self) -> None:
        """Release what the target holds."""
        ...

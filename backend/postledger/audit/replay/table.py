"""What a replay changes, counted: rows, conversions and money by old and new verdict. It is what `--json` prints."""

from collections.abc import Mapping
from decimal import Decimal

import msgspec

_EXAMPLES = 3
_ZERO = Decimal(0)
CHANGES = ("accepted", "updated", "parked")
"""The verdicts that book something, or that wait for an operator."""


class Line(msgspec.Struct):
    """Rows with the same old and new verdict. `money` is what their conversions are worth more or less, by currency.

    A conversion is worth its payout while it is pending or approved. `moved` is the same without signs: what one row
    adds and another takes is moved twice.
    """

    rows: int = 0
    conversions: int = 0
    money: dict[str, Decimal] = {}
    moved: dict[str, Decimal] = {}
    details: dict[str, int] = {}
    examples: list[str] = []


class Table(msgspec.Struct):
    """All rows of a replay.

    - `not_believed`, `not_kept`: rows that are not judged, by reason.
    - `booked_before`: the judged rows that were booked when they came, by a replay, or by a repeat of the sender under
      another key: the control. Today's rules should say the same.
    - `as_recorded`: the judged rows of which the rules of today say what is on record.
    - `changes`: the refused rows with another verdict today. `drift`: the same of rows that were booked before.
    """

    rows: int = 0
    judged: int = 0
    not_believed: dict[str, int] = {}
    not_kept: dict[str, int] = {}
    booked_before: int = 0
    as_recorded: int = 0
    changes: dict[str, Line] = {}
    drift: dict[str, Line] = {}

    @property
    def rows_to_book(self) -> int:
        """How many rows are booked or parked."""
        lines = [*self.changes.items(), *self.drift.items()]
        return sum(line.rows for name, line in lines if name.endswith(CHANGES))

    @property
    def drifted(self) -> int:
        """How many rows that were booked are not as recorded."""
        return sum(line.rows for line in self.drift.values())

    @property
    def moved(self) -> dict[str, Decimal]:
        """How much money is moved, up or down, by currency."""
        moved: dict[str, Decimal] = {}
        for line in (*self.changes.values(), *self.drift.values()):
            for currency, amount in line.moved.items():
                moved[currency] = moved.get(currency, _ZERO) + amount
        return moved

    def leave_out(self, kind: str, reason: str) -> None:
        """Count a row that is not judged."""
        counts = self.not_believed if kind == "not believed" else self.not_kept
        counts[reason] = counts.get(reason, 0) + 1

    def change(
        self,
        *,
        receipt: str,
        was: str,
        now: str,
        detail: str,
        opened: int,
        money: Mapping[str, Decimal],
        is_drift: bool,
    ) -> None:
        """Count a row with another verdict."""
        line = (self.drift if is_drift else self.changes).setdefault(f"{was} → {now}", Line())
        line.rows += 1
        line.conversions += opened
        for currency, amount in money.items():
            line.money[currency] = line.money.get(currency, _ZERO) + amount
            line.moved[currency] = line.moved.get(currency, _ZERO) + abs(amount)
        line.details[detail] = line.details.get(detail, 0) + 1
        if len(line.examples) < _EXAMPLES:
            line.examples.append(receipt)

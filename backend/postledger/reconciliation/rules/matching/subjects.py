"""What the matcher compares, and what it makes of a line."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Literal

import msgspec

ItemKind = Literal["bill", "receivable"]
PartName = Literal["payment", "fee", "fx", "rounding", "unapplied"]
Method = Literal["reference", "payee_amount", "payee_all", "payee_subset"]
State = Literal["matched", "proposed", "unexplained"]
LineKey = tuple[str, int]
"""The id of a statement, and the number of the line in it."""


class Reason(StrEnum):
    """Why a match was proposed and not made, or why a line is unexplained."""

    SEVERAL_SOLUTIONS = "several_solutions"
    MANY_OPEN = "many_open"
    NAME_ONLY = "name_only"
    AMOUNT_ONLY = "amount_only"
    OTHER_ACCOUNT = "other_account"
    AMBIGUOUS_NUMBER = "ambiguous_number"
    NOT_APPROVED = "not_approved"
    SEVERAL_CURRENCIES = "several_currencies"
    FEE_BEYOND_TOLERANCE = "fee_beyond_tolerance"
    FX_BEYOND_TOLERANCE = "fx_beyond_tolerance"
    NO_RATE = "no_rate"
    PARTIAL = "partial"
    OVERPAID = "overpaid"
    NOTHING_OPEN = "nothing_open"
    RETURNED = "returned"
    RETURNED_IN_PART = "returned_in_part"
    UNDONE = "undone"


class Item(msgspec.Struct, frozen=True):
    """A bill that we pay, or a receivable that a network pays. `paid` comes from matches that stay as they are.

    Only a payable one can be paid: an unapproved bill cannot.
    """

    id: str
    kind: ItemKind
    number: str
    payee: str
    currency: str
    amount: Decimal
    period: date
    paid: Decimal = Decimal(0)
    payable: bool = True

    @property
    def order(self) -> tuple[date, str]:
        """The oldest one first."""
        return self.period, self.number


class Payee(msgspec.Struct, frozen=True):
    """A payee: the name, and the hash of the bank account if it is known."""

    id: str
    name: str
    account_hash: bytes | None = None


class Line(msgspec.Struct, frozen=True):
    """A booked line of a bank statement. `text`: all texts that may name a bill. `day` is that of its value.

    `undone`: a person has undone a match of it, so none is made again without a person.
    """

    key: LineKey
    day: date
    amount: Decimal
    currency: str
    text: str = ""
    name: str = ""
    account_hash: bytes | None = None
    end_to_end: str | None = None
    fee: Decimal | None = None
    instructed_amount: Decimal | None = None
    instructed_currency: str | None = None
    rate: Decimal | None = None
    reversal: bool = False
    undone: bool = False

    @property
    def order(self) -> tuple[date, LineKey]:
        """The oldest one first."""
        return self.day, self.key

    @property
    def pays(self) -> ItemKind:
        """What a payment with this sign pays."""
        return "bill" if self.amount < 0 else "receivable"


class Part(msgspec.Struct, frozen=True):
    """A part of a line, in its currency. `applied`: what it pays of the item, in the currency of the item."""

    part: PartName
    amount: Decimal
    item: str | None = None
    item_kind: ItemKind | None = None
    applied: Decimal | None = None
    applied_currency: str | None = None


class Match(msgspec.Struct, frozen=True):
    """What a line is: parts that add up to it."""

    method: Method
    parts: tuple[Part, ...]

    @property
    def items(self) -> frozenset[str]:
        """The ids of what it pays."""
        return frozenset(part.item for part in self.parts if part.item is not None)


class Settled(msgspec.Struct, frozen=True):
    """A line whose match stays as it is: of another month, or by a person."""

    line: Line
    match: Match


class Outcome(msgspec.Struct, frozen=True):
    """What became of a line: a match, or proposals with the reasons why none was made, or neither."""

    line: Line
    match: Match | None = None
    proposals: tuple[Match, ...] = ()
    reasons: tuple[Reason, ...] = ()

    @property
    def state(self) -> State:
        """Whether it is matched."""
        if self.match is not None:
            return "matched"
        return "proposed" if self.proposals else "unexplained"


class Terms(msgspec.Struct, frozen=True):
    """How far a payment may differ: `fee` the larger of an absolute amount and a share in percent.

    `rates`: what a unit of a currency is worth in the currency of the account, by currency and day.
    """

    fee_absolute: Decimal = Decimal(0)
    fee_percent: Decimal = Decimal(0)
    fx_percent: Decimal = Decimal(0)
    rates: dict[tuple[str, date], Decimal] = msgspec.field(default_factory=dict)

    def allow_fee(self, total: Decimal) -> Decimal:
        """Return the largest fee of a payment."""
        return max(self.fee_absolute, self.fee_percent * total / 100)

    def allow_fx(self, amount: Decimal) -> Decimal:
        """Return how much the rate of a payment may make of it."""
        return self.fx_percent * amount / 100

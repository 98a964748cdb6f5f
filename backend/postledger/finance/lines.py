"""Decides which expense lines a conversion lacks. Pure: the conversion, its lines and the books are passed in.

It compares what a conversion is worth now with what its lines sum to, and adds the difference. What happened in between
does not matter, so a change that is seen twice, late or never by itself makes no difference.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Context, Decimal
from functools import partial
from typing import Literal

import msgspec
from msgspec.structs import replace

from postledger.finance.booking import Booking, Choice, Choose, choose_booking
from postledger.finance.books import Books
from postledger.finance.rules.exchange_rates import BaseRate
from postledger.finance.rules.expense_amount import Money, calculate
from postledger.finance.rules.expense_rule import ExpenseRule
from postledger.finance.rules.facts import Facts
from postledger.vocabulary.statuses import Status

LineKind = Literal["accrual", "adjustment", "remap"]
RulesByVersion = Mapping[tuple[int, str], ExpenseRule]
"""Rules by their version and slug. A line names the very rule that made it."""
FindRate = Callable[[str], BaseRate | None]
"""Finds the rate of a currency that counts for one conversion."""

NO_CURRENCY = "XXX"
"""ISO 4217's code for no currency: of a payout that came without one."""
ACCRUES_WITHOUT_RULE = Status.APPROVED
FIRST_SEQ = 1
_ZERO = Decimal(0)
_EXACT = Context(prec=200)  # the default of 28 digits would round a share of a long payout


class Conversion(msgspec.Struct, frozen=True):
    """A conversion as it stands. `happened_at` is its event time, or if it has none, when it was opened."""

    dedup_key: str
    id: str
    source_id: int
    campaign_id: int | None
    revision: int
    status: Status
    payout: Decimal | None
    currency: str | None
    happened_at: datetime
    facts: Facts


class Line(msgspec.Struct, frozen=True):
    """One line. `adjusts` is the `seq` of the accrual that it changes. Rate and base amount are never changed later."""

    seq: int
    kind: LineKind
    adjusts: int | None
    booking: Booking
    currency: str
    amount: Decimal
    base_currency: str | None
    rate: BaseRate | None
    base_amount: Decimal | None
    origin_period: date
    period: date
    happened_at: datetime


class _Goal(msgspec.Struct, frozen=True):
    """How a conversion should be booked. `worth` is None if its status carries no money."""

    booking: Booking
    worth: Money | None


class _Held(msgspec.Struct):
    """What the lines in one currency sum to. `rate` is the one that they were booked at."""

    accrual: int = FIRST_SEQ
    amount: Decimal = _ZERO
    base_amount: Decimal = _ZERO
    base_currency: str | None = None
    rate: BaseRate | None = None


def complete_lines(
    conversion: Conversion,
    booked: Sequence[Line],
    books: Books,
    rules: RulesByVersion,
    *,
    remaps: bool = False,
    choose: Choose | None = None,
) -> list[Line]:
    """Return the lines that a conversion lacks, so that all together sum to what it is worth now.

    `booked` are its lines so far, in order; `rules` has the rules that they name. A conversion that was mapped keeps
    its mapping, unless it `remaps` and its month is not locked. The rates of the books must be loaded for its day.
    """
    choose = choose or partial(choose_booking, books)
    if not booked:
        return _open(conversion, books, choose)
    drafts, last = _Drafts(conversion, booked, books), booked[-1]
    goal = _choose_goal(drafts, last, rules, choose, remaps=remaps)
    if _moves(last, goal, drafts):
        drafts.close(last.booking, "remap")
        drafts.add("remap", goal.booking, goal.worth or Money(_ZERO, last.currency))
    elif goal.worth is not None:
        kind: LineKind = "remap" if remaps else "adjustment"
        drafts.close(goal.booking, kind, stays=goal.worth.currency)
        if goal.worth.amount != drafts.sum_of(goal.worth.currency):
            drafts.add(kind, goal.booking, goal.worth)
    else:
        _withdraw(drafts, last, goal.booking)
    return drafts.lines


def find_worth(conversion: Conversion, rule: ExpenseRule | None) -> Money | None:
    """Return what a conversion is worth by a rule. None: its status carries no money, or the amount is not known."""
    if rule is None:
        return show_payout(conversion) if conversion.status == ACCRUES_WITHOUT_RULE else None
    if conversion.status not in rule.accrue:
        return None
    return calculate(rule.amount, conversion.payout, conversion.currency)


def show_payout(conversion: Conversion) -> Money:
    """Return the payout as it came, so that money which cannot be mapped is visible."""
    return Money(_ZERO if conversion.payout is None else conversion.payout, conversion.currency or NO_CURRENCY)


def find_origin_day(conversion: Conversion, booked: Sequence[Line], books: Books) -> date:
    """Return the day whose rate and month count: that of the first line, however late the others are."""
    moment = booked[0].happened_at if booked else conversion.happened_at
    return moment.astimezone(books.zone).date()


def find_period(origin: date, locked: frozenset[date]) -> date:
    """Return the first month that is not locked, from `origin` on."""
    period = origin
    while period in locked:
        period = (period + timedelta(days=31)).replace(day=1)
    return period


def _open(conversion: Conversion, books: Books, choose: Choose) -> list[Line]:
    """Return the first line of a conversion. It has none if there is neither money nor a reason why it is missing."""
    day = find_origin_day(conversion, (), books)
    find_rate = partial(books.rates.find, day=day)
    goal = _map(conversion, choose(conversion.facts, day), find_rate)
    worth, month = goal.worth, day.replace(day=1)
    if worth is None or not (worth.amount or goal.booking.unmapped):
        return []
    rate = find_rate(worth.currency)
    base_currency, base_amount = (
        (None, None) if rate is None else (books.settings.base_currency, rate.convert(worth.amount))
    )
    line = Line(
        FIRST_SEQ, "accrual", None, goal.booking, worth.currency, worth.amount, base_currency, rate, base_amount,
        month, find_period(month, books.locked_periods), conversion.happened_at,
    )  # fmt: skip
    return [line]


def _moves(last: Line, goal: _Goal, drafts: "_Drafts") -> bool:
    """Return whether the money must be booked in another way than so far."""
    if last.booking.is_same(goal.booking):
        return False
    if not last.booking.is_mapped:
        return goal.worth is not None
    return drafts.holds_money or (goal.worth is not None and goal.worth.amount != 0)


def _withdraw(drafts: "_Drafts", last: Line, decided: Booking) -> None:
    # The rule is the one that decided that there is no money, which for unmapped money may be another one than before.
    drafts.close(replace(last.booking, rule=decided.rule, rule_version=decided.rule_version), "adjustment")
    if last.booking.unmapped and last.amount == 0:
        # There is no money to take back, so a line without a reason says that nothing is unmapped any more.
        drafts.add("adjustment", Booking(), Money(_ZERO, last.currency))


def _choose_goal(drafts: "_Drafts", last: Line, rules: RulesByVersion, choose: Choose, *, remaps: bool) -> _Goal:
    """Choose how the conversion must be booked: as so far if it was mapped, else by the rules in force."""
    kept = _keep(drafts, last.booking, rules) if last.booking.is_mapped else None
    if kept is not None and (not remaps or drafts.origin_period in drafts.books.locked_periods):
        return kept
    conversion = drafts.conversion
    mapped = _map(conversion, choose(conversion.facts, drafts.origin_day), drafts.find_rate)
    # Only another mapping replaces a mapping: if its rule or payee was removed, the money stays where it is.
    return mapped if kept is None or mapped.booking.is_mapped else kept


def _keep(drafts: "_Drafts", booking: Booking, rules: RulesByVersion) -> _Goal | None:
    conversion, rule = drafts.conversion, rules.get((booking.rule_version or 0, booking.rule or ""))
    if rule is None:
        return None
    worth = find_worth(conversion, rule)
    if worth is None and conversion.status in rule.accrue:  # a status came with a payout without a currency
        return _Goal(booking.leave_unmapped("no_amount"), show_payout(conversion))
    return _check_rate(booking, worth, drafts.find_rate)


def _map(conversion: Conversion, choice: Choice | None, find_rate: FindRate) -> _Goal:
    if choice is None:
        worth = find_worth(conversion, None)
        is_money = worth is not None and conversion.payout != 0
        return _Goal(Booking(unmapped="no_rule"), worth) if is_money else _Goal(Booking(), None)
    rule, booking, worth = choice.rule, choice.booking, find_worth(conversion, choice.rule)
    accrues = conversion.status in rule.accrue
    if worth is not None and not worth.amount:
        return _Goal(booking, worth)  # no money needs neither a payee nor a rate
    visible = worth or show_payout(conversion) if accrues else None
    if booking.payee is None:
        return _Goal(booking.leave_unmapped("no_payee"), visible)
    if accrues and worth is None:
        return _Goal(booking.leave_unmapped("no_amount"), visible)
    return _check_rate(booking, worth, find_rate)


def _check_rate(booking: Booking, worth: Money | None, find_rate: FindRate) -> _Goal:
    is_priced = worth is None or find_rate(worth.currency) is not None
    return _Goal(booking if is_priced else booking.leave_unmapped("no_rate"), worth)


class _Drafts:
    """The lines that are added to those of one conversion, and what all together sum to."""

    def __init__(self, conversion: Conversion, booked: Sequence[Line], books: Books) -> None:
        self.conversion, self.books, self.lines = conversion, books, list[Line]()
        self.origin_day = find_origin_day(conversion, booked, books)
        self._held, self._seq, self.origin_period = _sum_up(booked), booked[-1].seq, booked[0].origin_period

    @property
    def holds_money(self) -> bool:
        """Whether the lines of any currency sum to something."""
        return any(held.amount for held in self._held.values())

    def sum_of(self, currency: str) -> Decimal:
        """Return what the lines in a currency sum to."""
        held = self._held.get(currency)
        return _ZERO if held is None else held.amount

    def find_rate(self, currency: str) -> BaseRate | None:
        """Find the rate of a currency: the one that its lines were booked at, else that of the day."""
        held = self._held.get(currency)
        return held.rate if held and held.rate else self.books.rates.find(currency, self.origin_day)

    def _takes_back_unpriced(self, total: Money) -> bool:
        held = self._held.get(total.currency)
        return held is not None and held.rate is None and total.amount == 0

    def close(self, booking: Booking, kind: LineKind, *, stays: str | None = None) -> None:
        """Take back what the lines of each currency sum to, except of the one that stays."""
        for currency in [currency for currency, held in self._held.items() if held.amount and currency != stays]:
            self.add(kind, booking, Money(_ZERO, currency))

    def add(self, kind: LineKind, booking: Booking, total: Money) -> None:
        """Add the line after which those of its currency sum to `total`. The first of a currency is its accrual."""
        if total.currency not in self._held and kind == "adjustment":
            kind = "accrual"
        rate = None if self._takes_back_unpriced(total) else self.find_rate(total.currency)
        held = self._held.setdefault(total.currency, _Held(self._seq + 1 if kind == "accrual" else FIRST_SEQ))
        if held.rate is None:
            held.rate, held.base_currency = rate, None if rate is None else self.books.settings.base_currency
        base_total = None if rate is None else rate.convert(total.amount)
        self._seq += 1
        line = Line(
            self._seq, kind, None if kind == "accrual" else held.accrual, booking, total.currency,
            _EXACT.subtract(total.amount, held.amount), held.base_currency, rate,
            None if base_total is None else _EXACT.subtract(base_total, held.base_amount),
            self.origin_period, find_period(self.origin_period, self.books.locked_periods),
            self.conversion.happened_at,
        )  # fmt: skip
        self.lines.append(line)
        held.amount, held.base_amount = total.amount, held.base_amount if base_total is None else base_total


def _sum_up(booked: Sequence[Line]) -> dict[str, _Held]:
    sums: dict[str, _Held] = {}
    for line in booked:
        held = sums.setdefault(line.currency, _Held(line.seq if line.kind == "accrual" else FIRST_SEQ))
        held.amount = _EXACT.add(held.amount, line.amount)
        if line.base_amount is not None:
            held.base_amount = _EXACT.add(held.base_amount, line.base_amount)
        if line.rate is not None:
            held.rate, held.base_currency = line.rate, line.base_currency
    return sums

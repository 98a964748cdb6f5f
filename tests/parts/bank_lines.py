"""Bills, receivables and bank lines for tests of the matcher, and what it makes of them in short."""

from datetime import date
from decimal import Decimal
from typing import Any

from postledger.reconciliation.rules.matching.subjects import Item, Line, Match, Outcome, Payee, Terms

OCTOBER = date(2026, 10, 1)
X, Y = Payee("X", "Xenon Media Ltd", b"x"), Payee("Y", "Yard GmbH")
FEE = Terms(fee_absolute=Decimal(25), fee_percent=Decimal("0.5"), fx_percent=Decimal(1))


def bill_of(nth: int, amount: str, payee: str = "X", currency: str = "EUR", **fields: Any) -> Item:
    """A bill of October: its id is its number in short."""
    number = f"PL-202610-{nth:06d}"
    return Item(f"b{nth}", "bill", number, payee, currency, Decimal(amount), OCTOBER, **fields)


def receivable_of(nth: int, amount: str, payee: str = "X", currency: str = "EUR", **fields: Any) -> Item:
    """What a network owes for October."""
    number = f"RV-202610-{nth:06d}"
    return Item(f"r{nth}", "receivable", number, payee, currency, Decimal(amount), OCTOBER, **fields)


def line_of(nth: int, amount: str, text: str = "", *, day: int | None = None, **fields: Any) -> Line:
    """A line of a statement. Its day is its number unless another is given."""
    return Line(("s", nth), date(2026, 10, day or nth), Decimal(amount), "EUR", text, **fields)


def told(match: Match) -> list[tuple[str, str, str | None]]:
    """The parts: name, amount, and what they pay."""
    return [(part.part, f"{part.amount.normalize():f}", part.item) for part in match.parts]


def matched(outcome: Outcome) -> list[tuple[str, str, str | None]]:
    """The parts of a line that was matched."""
    assert outcome.match is not None, (outcome.state, outcome.reasons)
    return told(outcome.match)


def proposed(outcome: Outcome) -> tuple[list[str], list[list[tuple[str, str, str | None]]]]:
    """The reasons and the proposals for a line."""
    assert outcome.match is None
    return [str(reason) for reason in outcome.reasons], [told(match) for match in outcome.proposals]

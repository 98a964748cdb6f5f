"""The most that a replay books without an operator who raises the limit."""

from decimal import Decimal

from postledger.audit.replay.table import Table
from postledger.vocabulary.operator_error import NotPossible


def refuse_over_limit(table: Table, limit: Decimal) -> None:
    """Raise `NotPossible` if a replay would move more money than the limit, in any currency."""
    moved: dict[str, Decimal] = {}
    for line in (*table.changes.values(), *table.drift.values()):
        for currency, amount in line.money.items():
            moved[currency] = moved.get(currency, Decimal(0)) + abs(amount)
    for currency, amount in sorted(moved.items()):
        if amount > limit:
            raise NotPossible(
                f"this would book {amount:f} {currency}, more than POSTLEDGER_REPLAY_LIMIT ({limit:f}); nothing was"
                f" booked. Narrow the selection, or set POSTLEDGER_REPLAY_LIMIT={amount:f} for this command"
            )

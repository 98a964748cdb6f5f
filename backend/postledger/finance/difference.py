"""What new lines add up to, by currency, before anyone writes them."""

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from postledger.finance.line_store import Completed


class Difference(msgspec.Struct):
    """New lines: how many conversions get them; the mapped ones and the unmapped ones, and what each sum to.

    A remap takes an unmapped line back by another one, so `unmapped_money` is negative then.
    """

    conversions: int = 0
    mapped_lines: int = 0
    unmapped_lines: int = 0
    mapped_money: dict[str, Decimal] = {}
    unmapped_money: dict[str, Decimal] = {}

    @property
    def lines(self) -> int:
        """All new lines."""
        return self.mapped_lines + self.unmapped_lines

    def add(self, completed: Iterable[Completed]) -> None:
        """Count the new lines of more conversions."""
        for each in completed:
            self.conversions += bool(each.lines)
            for line in each.lines:
                if line.booking.unmapped is None:
                    self.mapped_lines += 1
                    _add(self.mapped_money, line.currency, line.amount)
                else:
                    self.unmapped_lines += 1
                    _add(self.unmapped_money, line.currency, line.amount)


def _add(money: dict[str, Decimal], currency: str, amount: Decimal) -> None:
    money[currency] = money.get(currency, Decimal(0)) + amount

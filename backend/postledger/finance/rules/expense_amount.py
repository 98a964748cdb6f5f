"""How much a rule makes of a conversion: a share of its payout, or a fixed amount. Exact, without any rounding."""

from decimal import Context, Decimal

import msgspec

_HUNDRED = Decimal(100)
_EXACT = Context(prec=200)  # more digits than any payout times any share can have


class Share(msgspec.Struct, frozen=True, tag="share"):
    """A share of the payout, in per cent."""

    percent: Decimal

    def __str__(self) -> str:
        return f"{self.percent:f}%"


class Fixed(msgspec.Struct, frozen=True, tag="fixed"):
    """The same amount for each conversion, whatever its payout is."""

    amount: Decimal
    currency: str

    def __str__(self) -> str:
        return f"{self.amount:f} {self.currency}"


ExpenseAmount = Share | Fixed


class Money(msgspec.Struct, frozen=True):
    """An exact amount in one currency."""

    amount: Decimal
    currency: str


def calculate(amount: ExpenseAmount, payout: Decimal | None, currency: str | None) -> Money | None:
    """Calculate what a rule makes of a payout. None if it needs a payout with a currency and there is none."""
    if isinstance(amount, Fixed):
        return Money(amount.amount, amount.currency)
    if payout is None or currency is None:
        return None
    return Money(_EXACT.divide(_EXACT.multiply(payout, amount.percent), _HUNDRED), currency)

"""Finds the rate of a currency on a day in the imported rates, and remembers it."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from psycopg import Connection

from postledger.finance.rules.exchange_rates import REFERENCE, BaseRate, ReferenceRate, cross
from postledger.platform.postgres.sql import statements_of

sql = statements_of("postledger.finance")

_MOST_REMEMBERED = 50_000  # a few MiB
_ONE = Decimal(1)

CurrencyOnDay = tuple[str, date]


class BaseRates:
    """The rates to the base currency. The rate of a day is the newest one that is at most `max_age_days` older."""

    def __init__(self, base_currency: str, max_age_days: int) -> None:
        self._base, self._max_age_days = base_currency, max_age_days
        self._known: dict[CurrencyOnDay, ReferenceRate | None] = {}

    def load(self, connection: Connection[Any], wanted: Iterable[CurrencyOnDay]) -> None:
        """Read the rates that `find` is asked for next, in one statement."""
        if len(self._known) > _MOST_REMEMBERED:
            self._known.clear()
        pairs = {pair for currency, day in wanted for pair in ((currency, day), (self._base, day))}
        missing = [pair for pair in pairs if pair not in self._known and pair[0] != REFERENCE]
        if not missing:
            return
        self._known |= dict.fromkeys(missing)
        currencies, days = [pair[0] for pair in missing], [pair[1] for pair in missing]
        rows = connection.execute(sql("find_rates"), (currencies, days, REFERENCE, self._max_age_days))
        self._known |= {(currency, day): ReferenceRate(units, on_day) for currency, day, units, on_day in rows}

    def find(self, currency: str, day: date) -> BaseRate | None:
        """Find the rate of a currency on a day that was loaded. None if there is none, or only an older one."""
        if currency == self._base:
            return BaseRate(_ONE, day)
        of_currency, of_base = self._find(currency, day), self._find(self._base, day)
        return None if of_currency is None or of_base is None else cross(of_currency, of_base)

    def _find(self, currency: str, day: date) -> ReferenceRate | None:
        return ReferenceRate(_ONE, day) if currency == REFERENCE else self._known[currency, day]

"""Says how old the newest exchange rate is, so that a worker can ask for a newer file before lines become unmapped."""

from datetime import datetime
from typing import Any

import msgspec
from psycopg import Connection

from postledger.finance.rules.exchange_rates import REFERENCE
from postledger.platform.postgres.sql import statements_of
from postledger.policy.finance_store import read_finance

sql = statements_of("postledger.finance")

_WARN_FROM = 0.75  # of `rates_max_age`: of a week, more than the longest pause of ECB, 5 days at Easter


class RatesAge(msgspec.Struct, frozen=True):
    """The age of the newest rate in days, None without a rate, and the highest one that the books allow."""

    age_days: int | None
    max_age_days: int

    @property
    def is_old(self) -> bool:
        """Return whether a newer file should be imported."""
        return self.age_days is not None and self.age_days > self.max_age_days * _WARN_FROM


def measure_rates_age(connection: Connection[Any], now: datetime) -> RatesAge | None:
    """Measure the age of the rates. None without books."""
    stored = read_finance(connection)
    if stored is None:
        return None
    row = connection.execute(sql("find_newest_day"), (REFERENCE,)).fetchone()
    newest = row[0] if row else None
    return RatesAge(None if newest is None else (now.date() - newest).days, stored.settings.rates_max_age_days)

"""Books, conversions and what their lines sum to, for tests of the rules of lines."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from postledger.finance.base_rates import BaseRates
from postledger.finance.books import Books, Names
from postledger.finance.lines import Conversion, Line, RulesByVersion
from postledger.finance.rules.exchange_rates import BaseRate
from postledger.finance.rules.expense_amount import Fixed, Share
from postledger.finance.rules.expense_rule import ExpenseRule
from postledger.finance.rules.facts import Facts
from postledger.finance.rules.finance_settings import Finance, Payee
from postledger.vocabulary.statuses import Status

DAY = date(2026, 10, 15)
NOON = datetime(2026, 10, 15, 12, tzinfo=UTC)
SHARE = ExpenseRule("spring", "Affiliate Commission — {campaign.name}", Share(Decimal(100)))


class Rates(BaseRates):
    """Rates to euros that are known without a ledger, of any day."""

    def __init__(self, rates: Mapping[str, str]) -> None:
        super().__init__("EUR", 7)
        self._rates = {"EUR": "1", **rates}

    def find(self, currency: str, day: date) -> BaseRate | None:
        rate = self._rates.get(currency)
        return None if rate is None else BaseRate(Decimal(rate), day)


def books_of(
    *rules: ExpenseRule,
    version: int = 1,
    payees: Sequence[str] = ("456",),
    rates: Mapping[str, str] | None = None,
    locked: Sequence[date] = (),
    zone: str = "UTC",
) -> Books:
    """Make books in euros, with a rate of the dollar unless others are given."""
    return Books(
        settings=Finance("EUR", zone),
        since=datetime(2026, 1, 1, tzinfo=UTC),
        zone=ZoneInfo(zone),
        rules=rules,
        rules_version=version,
        payees={payee: Payee(payee, f"Affiliate {payee}") for payee in payees},
        names=Names({}, {}, {}),
        locked_periods=frozenset(locked),
        rates=Rates({"USD": "0.8"} if rates is None else rates),
    )


def rules_of(*all_books: Books) -> RulesByVersion:
    """All rules of these books, by version and slug."""
    return {(books.rules_version, rule.slug): rule for books in all_books for rule in books.rules}


def conversion_of(
    status: Status = Status.APPROVED,
    payout: str | None = "10",
    currency: str | None = "USD",
    affiliate: str | None = "456",
    happened_at: datetime = NOON,
) -> Conversion:
    """A conversion of the source acme and the campaign spring."""
    return Conversion(
        dedup_key="0" * 32, id="0" * 32, source_id=1, campaign_id=1, revision=1, status=status,
        payout=None if payout is None else Decimal(payout), currency=currency, happened_at=happened_at,
        facts=Facts("acme", "sale", "spring", affiliate, "Acme", "Spring sale", None),
    )  # fmt: skip


def sums(lines: Sequence[Line]) -> dict[str, Decimal]:
    """What lines sum to, by currency; a currency that sums to nothing is left out."""
    found: dict[str, Decimal] = defaultdict(Decimal)
    for line in lines:
        found[line.currency] += line.amount
    return {currency: amount for currency, amount in found.items() if amount}


def fixed(amount: str, currency: str) -> Fixed:
    """A fixed amount of a rule."""
    return Fixed(Decimal(amount), currency)

"""Decides on the lines of many conversions at once: reads their lines, and the rules and rates that these need."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cache, partial
from typing import Any

import msgspec
from psycopg import Connection

from postledger.finance.booking import choose_booking
from postledger.finance.books import Books
from postledger.finance.line_store import Completed, LinesByKey, read_lines
from postledger.finance.lines import NO_CURRENCY, Conversion, Line, RulesByVersion, complete_lines, find_origin_day
from postledger.finance.rules.expense_amount import Fixed
from postledger.finance.rules.expense_rule import ExpenseRule
from postledger.finance.rules.facts import Facts
from postledger.platform.postgres.sql import statements_of

sql = statements_of("postledger.finance")


class KnownRules:
    """The rules that lines name, by version and slug. A version is never changed, so each is read once."""

    def __init__(self) -> None:
        self._rules: dict[tuple[int, str], ExpenseRule] = {}
        self._versions: set[int] = set()

    def load(self, connection: Connection[Any], booked: Iterable[Sequence[Line]]) -> RulesByVersion:
        """Read the rules that the newest lines of conversions name, and return all that are known."""
        missing = {lines[-1].booking.rule_version or 0 for lines in booked} - self._versions
        if missing:
            for version, slug, body in connection.execute(sql("read_rule_versions"), (list(missing),)):
                self._rules[version, slug] = msgspec.convert(body, ExpenseRule)
            self._versions |= missing
        return self._rules


def complete(
    connection: Connection[Any],
    conversions: Sequence[tuple[str, Conversion]],
    books: Books,
    known_rules: KnownRules,
    *,
    remaps: bool = False,
) -> list[Completed]:
    """Decide on the lines that conversions lack, given with the cause of new ones. Nothing is written."""
    booked = read_lines(connection, [conversion.dedup_key for _, conversion in conversions])
    rules = known_rules.load(connection, booked.values())
    _load_rates(connection, [conversion for _, conversion in conversions], booked, books, rules)
    choose = cache(partial(choose_booking, books))
    return [
        Completed(conversion, cause, complete_lines(conversion, lines, books, rules, remaps=remaps, choose=choose))
        for cause, conversion in conversions
        for lines in (booked.get(conversion.dedup_key, ()),)
    ]


def describe(source: str, event: str, campaign: str | None, affiliate: str | None, books: Books) -> Facts:
    """Add the names of a conversion's source, campaign and affiliate."""
    names = books.names
    return Facts(
        source, event, campaign, affiliate, names.sources.get(source),
        None if campaign is None else names.campaigns.get(campaign),
        None if affiliate is None else names.affiliates.get(affiliate),
    )  # fmt: skip


def _load_rates(
    connection: Connection[Any],
    conversions: Iterable[Conversion],
    booked: LinesByKey,
    books: Books,
    rules: RulesByVersion,
) -> None:
    fixed, base = _list_fixed_currencies(books, rules), {books.settings.base_currency}
    wanted: set[tuple[str, date]] = set()
    for conversion in conversions:
        lines = booked.get(conversion.dedup_key, ())
        # The base currency needs no rate. In most books it is the only one.
        if currencies := {conversion.currency or NO_CURRENCY, *fixed, *(line.currency for line in lines)} - base:
            day = find_origin_day(conversion, lines, books)
            wanted |= {(currency, day) for currency in currencies}
    books.rates.load(connection, wanted)


def _list_fixed_currencies(books: Books, rules: Mapping[tuple[int, str], ExpenseRule]) -> set[str]:
    return {rule.amount.currency for rule in (*books.rules, *rules.values()) if isinstance(rule.amount, Fixed)}

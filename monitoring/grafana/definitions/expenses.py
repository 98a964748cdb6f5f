"""Rows of expense lines: what was booked, what is unmapped, and what was billed. The page of finance shows them."""

from monitoring.grafana.frame import Row
from monitoring.grafana.levels import alarm_above, too_high
from monitoring.grafana.panels import Ask, lines, number, rows, steps
from monitoring.grafana.queries import over_range, rows_of, series_of
from monitoring.grafana.targets import RATES_AGE_RATIO


def show_expenses() -> tuple[Row, Row, Row]:
    """Show what conversions make payable and receivable, what has no payee yet, and what was billed."""
    return _booked(), _unmapped(), _billed()


def _booked() -> Row:
    by_day = Ask(
        question="What was booked on each day?",
        about="The sum of the expense lines written on a day (UTC), a line for each direction and currency. What was "
        "taken back on a day lowers that day, not the one of its conversion.",
        unit="locale",
        runbook="MappingLagging",
        below="ledger",
        empty="no line in this time",
        decimals=2,
    )
    by_category = Ask(
        question="What is booked as what?",
        about="The sum of the expense lines of this time by direction, category and currency, the largest first.",
        unit="short",
        runbook="ExpensesUnmapped",
        below="campaigns",
        empty="no line in this time",
    )
    by_month = Ask(
        question="What is each month of the books worth?",
        about="The expense lines of this time by the month that they are booked in. Lines for an earlier month that "
        "was locked are in the next open one, and in the last column too.",
        unit="short",
        runbook="InvariantBroken",
        below="ledger",
        empty="no line in this time",
    )
    return "Expense lines", [
        steps(by_day, series_of("lines_by_day")),
        rows(by_category, rows_of("lines_by_category"), units={"lines": "locale", "amount": "locale"}),
        rows(by_month, rows_of("lines_by_period"), units={"amount": "locale", "of earlier months": "locale"}),
    ]


def _unmapped() -> Row:
    money = Ask(
        question="Which money is unmapped?",
        about="Lines without a rule, payee, amount or rate, by source and currency. They are not paid until they "
        "are mapped: postledger expenses list --unmapped names each.",
        unit="short",
        runbook="ExpensesUnmapped",
        below="source",
        empty="everything is mapped",
        width=10,
    )
    counts = Ask(
        question="How many conversions are unmapped?",
        about="Conversions whose lines are unmapped, by reason; of the newest 5,000 such lines.",
        unit="locale",
        runbook="ExpensesUnmapped",
        levels=alarm_above(1),
        below="ledger",
        decimals=0,
        width=8,
    )
    rates = Ask(
        question="How old are the exchange rates?",
        about="The age of the newest rate as a share of rates_max_age. From 100 % on amounts in other currencies are "
        "unmapped.",
        unit="percentunit",
        runbook="RatesStale",
        levels=too_high(RATES_AGE_RATIO * 0.8, RATES_AGE_RATIO),
        below="ledger",
        empty="no rates were imported",
        decimals=0,
        width=6,
    )
    return "Unmapped money", [
        rows(money, rows_of("unmapped_by_reason"), units={"amount": "locale"}),
        lines(counts, over_range("reason:postledger_expenses_unmapped:max", "{{reason}}")),
        number(rates, over_range("postledger:rates_age:ratio")),
    ]


def _billed() -> Row:
    by_month = Ask(
        question="What was billed for each month?",
        about="Bills by month, state and currency, whenever they were made. A carried bill pays nothing: its amount is "
        "on the payee's next one. postledger bills list names each.",
        unit="short",
        runbook="InvariantBroken",
        below="ledger",
        empty="no bill was made",
        width=24,
    )
    return "Bills", [
        rows(by_month, rows_of("bills_by_period"), units={"bills": "locale", "amount": "locale", "paid": "locale"})
    ]

"""Money: what networks have reported and what it makes payable, what is unmapped, taken back, or not signed.

Amounts come from the ledger, because no metric holds one; and go by days, because finance does.
"""

from grafana_foundation_sdk.models.dashboard import Dashboard

from monitoring.grafana.definitions.expenses import show_expenses
from monitoring.grafana.definitions.month_end import show_month_end
from monitoring.grafana.frame import Row, Times, frame
from monitoring.grafana.levels import alarm_above
from monitoring.grafana.panels import STATUS_COLORS, Ask, bars_of_rows, columns, number, rows, steps
from monitoring.grafana.queries import rows_of, series_of
from monitoring.grafana.targets import PARKED_REVERSALS

_BY_DAYS = Times(span="30d", refresh="15m")


def define() -> Dashboard:
    """Define the dashboard."""
    about = (
        "Money on the ledger: what waits for approval, what each day is worth, what was taken back, and what that "
        "makes payable and receivable; at the end of a month what networks and banks say of it."
    )
    page = [_now(), _waiting(), _days(), *show_expenses(), *show_month_end(), _changes()]
    return frame("finance", about, page, times=_BY_DAYS)


def _now() -> Row:
    waiting = Ask(
        question="How many conversions wait for approval?",
        about="Conversions that stand as pending, whenever they were made: no network has approved or rejected them.",
        unit="locale",
        runbook="StatusMixShift",
        below="campaigns",
        decimals=0,
        width=6,
        height=4,
    )
    longest = Ask(
        question="For how long has the oldest waited?",
        about="Since the oldest pending conversion was made. A network that never decides on one never pays it.",
        unit="s",
        runbook="StatusMixShift",
        below="source",
        empty="nothing waits",
        decimals=1,
        width=6,
        height=4,
    )
    parked = Ask(
        question="How many reversals wait for us?",
        about="Reversals beyond their source's guard. They are not booked until an operator releases or discards them.",
        unit="locale",
        runbook="ReversalsParked",
        below="source",
        levels=alarm_above(PARKED_REVERSALS),
        decimals=0,
        width=6,
        height=4,
    )
    contradicted = Ask(
        question="How many conversions were contradicted?",
        about="Conversions for which a postback of this time named other money or an impossible status. It was refused "
        "as conflict, and they stand as they were: postledger postbacks list --reason conflict names them.",
        unit="locale",
        runbook="PostbackClientErrorSpike",
        below="source",
        decimals=0,
        width=6,
        height=4,
    )
    return "Now", [
        number(waiting, series_of("waiting_now"), sparkline=False),
        number(longest, series_of("waiting_longest"), sparkline=False),
        number(parked, series_of("parked_now"), sparkline=False),
        number(contradicted, series_of("contradicted"), sparkline=False),
    ]


def _waiting() -> Row:
    by_source = Ask(
        question="Who has not decided, and on how much?",
        about="What stands as pending, by source and currency, whenever it was made; the longest wait first.",
        unit="short",
        runbook="StatusMixShift",
        below="source",
        empty="nothing waits for approval",
        width=10,
    )
    by_age = Ask(
        question="How long has it waited?",
        about="Pending conversions by the time since they were made.",
        unit="locale",
        runbook="StatusMixShift",
        below="campaigns",
        decimals=0,
        width=6,
    )
    parked = Ask(
        question="Which reversals wait for a decision?",
        about="Parked reversals by source. One that names no amount takes all back that is booked: it is counted here, "
        "and not in the sum. postledger conversions parked lists each.",
        unit="short",
        runbook="ReversalsParked",
        below="source",
        empty="none is parked",
    )
    seconds = {"the oldest": "s", "the newest": "s"}
    return "Waiting for a decision", [
        rows(by_source, rows_of("waiting_by_source"), units={"conversions": "locale", "payout": "locale", **seconds}),
        bars_of_rows(by_age, rows_of("waiting_by_age")),
        rows(
            parked,
            rows_of("parked_by_source"),
            units={"reversals": "locale", "payout named": "locale", "the oldest": "s"},
        ),
    ]


def _days() -> Row:
    conversions = Ask(
        question="What has become of each day's conversions?",
        about="Conversions by the day (UTC) in which they were made and by the status in which they stand now.",
        unit="locale",
        runbook="StatusMixShift",
        below="campaigns",
        empty="no conversion in this time",
        colors=STATUS_COLORS,
        decimals=0,
        width=12,
        height=9,
    )
    books = Ask(
        question="What is each day worth?",
        about="Payouts by the day (UTC) in which their conversions were made, under the status in which those stand "
        "now, a line for each currency. Nothing is converted.",
        unit="locale",
        runbook="PayoutShift",
        below="campaigns",
        empty="no conversion in this time",
        width=12,
        height=9,
    )
    money = dict.fromkeys(("pending", "approved", "rejected", "reversed"), "locale")
    return "By day", [
        columns(conversions, series_of("conversions_by_day")),
        rows(books, rows_of("books_by_day"), units={"conversions": "locale", **money}),
    ]


def _changes() -> Row:
    by_day = Ask(
        question="How much was taken back?",
        about="By how much reversals, refunds and corrections changed what conversions are worth, by the day (UTC) on "
        "which they came, a line for each currency.",
        unit="locale",
        runbook="ReversalsParked",
        below="source",
        empty="nothing was taken back in this time",
        decimals=2,
    )
    by_source = Ask(
        question="Who takes back and corrects?",
        about="Reversals, refunds and corrections of this time, the costliest first.",
        unit="short",
        runbook="ReversalsParked",
        below="source",
        empty="nothing was taken back in this time",
    )
    unsigned = Ask(
        question="Whose payouts does nobody vouch for?",
        about="Conversions of this time whose payout stands outside the signature, or came without one. "
        'require_signed = ["payout"] of a source refuses such postbacks.',
        unit="short",
        runbook="TrustedSourceValidationFailures",
        below="source",
        empty="every payout of this time is signed",
    )
    return "Taken back, corrected, unsigned", [
        steps(by_day, series_of("changes_by_day")),
        rows(by_source, rows_of("changes_by_source"), units={"events": "locale", "change in worth": "locale"}),
        rows(unsigned, rows_of("unsigned_by_source"), units={"conversions": "locale", "payout": "locale"}),
    ]

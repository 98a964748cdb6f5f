"""Rows of the month's end: exports of bills, statements, work items, and runs. The page of finance shows them."""

from monitoring.grafana.frame import Row
from monitoring.grafana.levels import alarm_above
from monitoring.grafana.panels import Ask, bars, lines, rows
from monitoring.grafana.queries import at_the_end, over_range, rows_of
from monitoring.grafana.targets import DISCREPANCY_AGE_S, EXPORT_AGE_S


def show_month_end() -> tuple[Row, Row, Row]:
    """Show what becomes of bills, what was reported, and what people still have to explain."""
    return _exports(), _statements(), _items()


def _exports() -> Row:
    by_target = Ask(
        question="What became of each target's bills?",
        about="Exports by target and state, whenever they were made. Those that were refused wait for "
        "postledger export retry.",
        unit="short",
        runbook="ExportRefused",
        below="ledger",
        empty="no bill was exported",
        width=10,
    )
    oldest = Ask(
        question="For how long do bills wait for a target?",
        about="The age of the oldest bill that a target does not have, nor has refused.",
        unit="s",
        runbook="ExportStalled",
        levels=alarm_above(EXPORT_AGE_S),
        below="ledger",
        empty="no target is configured",
    )
    attempts = Ask(
        question="How do attempts end?",
        about="Attempts of the last hour by target and result. unknown: the answer was lost, and the bill is looked "
        "up first. failed: it was not sent. Both are repeated.",
        unit="locale",
        runbook="ExportStalled",
        below="ledger",
        empty="no target is configured",
        decimals=0,
        width=6,
    )
    seconds = {"the oldest": "s", "last change": "s"}
    return "Exports", [
        rows(by_target, rows_of("exports_by_target"), units={"bills": "locale", "most attempts": "locale", **seconds}),
        lines(oldest, over_range("target:postledger_exports_oldest_seconds:max", "{{target}}")),
        lines(
            attempts,
            over_range("sum by (target, result) (increase(postledger_exports_total[1h]))", "{{target}} {{result}}"),
        ),
    ]


def _statements() -> Row:
    by_month = Ask(
        question="Which statements are on record?",
        about="Reports of networks and statements of banks that count, by month. postledger statement list names each.",
        unit="short",
        runbook="StatementUnproven",
        below="ledger",
        empty="no statement was imported",
        width=12,
    )
    missing = Ask(
        question="Whose statement is missing or wrong?",
        about="Sources and bank accounts of which an expected statement is missing, or of which one does not add up or "
        "has a gap before it.",
        unit="locale",
        runbook="StatementOverdue",
        levels=alarm_above(1),
        below="ledger",
        empty="no statement is expected",
        decimals=0,
        width=6,
    )
    owed = Ask(
        question="What do networks owe?",
        about="Receivables by month and currency, and what bank lines have paid of them.",
        unit="short",
        runbook="DiscrepanciesAgeing",
        below="ledger",
        empty="nothing is receivable",
        width=6,
    )

    def told(metric: str, what: str) -> str:
        return f'label_replace(name:postledger_statement_{metric}:max, "what", "{what}", "", "")'

    counts = {"statements": "locale", "lines": "locale", "faults": "locale"}
    money = {"receivables": "locale", "due": "locale", "received": "locale", "missing": "locale"}
    return "Statements", [
        rows(by_month, rows_of("statements_by_month"), units={**counts, "last import": "s"}),
        bars(missing, at_the_end(f"{told('overdue', 'missing')} or {told('unproven', 'wrong')}", "{{name}}: {{what}}")),
        rows(owed, rows_of("receivables_by_month"), units=money),
    ]


def _items() -> Row:
    items = Ask(
        question="Which money is not explained?",
        about="Work items that are not settled, by month, class, state and currency, with the money at stake. "
        "postledger discrepancies list names each.",
        unit="short",
        runbook="DiscrepanciesAgeing",
        below="ledger",
        empty="everything is explained",
        width=10,
    )
    ages = Ask(
        question="For how long did nobody look?",
        about="The age of the oldest work item that is open or assigned, by class.",
        unit="s",
        runbook="DiscrepanciesAgeing",
        levels=alarm_above(DISCREPANCY_AGE_S),
        below="ledger",
        empty="nothing was reconciled",
    )
    runs = Ask(
        question="When was each month reconciled?",
        about="The newest run of each month and source, and how long it took.",
        unit="short",
        runbook="ReconciliationOverdue",
        below="ledger",
        empty="nothing was reconciled",
        width=6,
    )
    return "Reconciliation", [
        rows(items, rows_of("items_by_class"), units={"items": "locale", "stake": "locale", "the oldest": "s"}),
        lines(ages, over_range("class:postledger_discrepancies_oldest_seconds:max > 0", "{{class}}")),
        rows(runs, rows_of("runs_by_month"), units={"began": "s", "took": "s"}),
    ]

"""A report of October 2026 with everything that a page shows, made without a ledger."""

from datetime import UTC, date, datetime
from decimal import Decimal

import msgspec

from postledger.reconciliation.rules.month import (
    AccountMonth,
    BankEntry,
    BankPart,
    BankStatement,
    Bridge,
    Claim,
    ClaimTotal,
    ClassTotal,
    Flow,
    ItemTotal,
    MonthReport,
    PartTotal,
    ReportFile,
    Run,
    SideTotals,
    SourceMonth,
    WorkItem,
)

NOW = datetime(2026, 11, 5, 9, 30, tzinfo=UTC)


def money(text: str) -> Decimal:
    """An amount."""
    return Decimal(text)


def make_report(**changes: object) -> MonthReport:
    """Make the report; `changes` replace its fields."""
    return msgspec.structs.replace(_REPORT, **changes)


def make_item(number: int, item_class: str, stake: str, **fields: object) -> WorkItem:
    """Make a work item of ads-north in dollars that is open, unless it says otherwise."""
    item = WorkItem(
        number, item_class, "ads-north", f"T-{number}", money(stake), "USD", "open", None, NOW, 2, {}, None
    )  # fmt: skip
    return msgspec.structs.replace(item, **fields)


def _run(kind: str, name: str) -> Run:
    return Run(f"{kind}-{name}", kind, name, NOW, "done", NOW, NOW, "mia")


def _count(item_class: str, stake: str, items: int = 1, disputed: str = "0", settled: str = "0") -> ClassTotal:
    """Count the work items of a class: one is disputed, and one settled, if these amounts are not zero."""
    parts = [(int(amount != "0"), money(amount)) for amount in (disputed, settled)]
    return ClassTotal(item_class, "USD", items, money(stake), *parts[0], *parts[1])


_NORTH = SourceMonth(
    "ads-north", "Ads North",
    ReportFile("f1", "north-csv", "north-2026-10.csv", "Europe/Berlin", 412, 1, NOW, "mia"),
    _run("report", "ads-north"),
    (SideTotals("USD", 410, money("12410.55"), 412, money("12366.05"), money("12310.55")),),
    (
        Bridge("matched", "USD", 406, money("12310.55"), 409, money("12310.55")),
        Bridge("amount_differs", "USD", 2, money("40.00"), 2, money("35.50")),
        Bridge("duplicate_line", "USD", 0, money("0"), 1, money("20.00")),
        Bridge("missing_at_network", "USD", 2, money("60.00"), 0, money("0")),
    ),
    (
        _count("missing_at_network", "60.00", 2, disputed="40.00"),
        _count("amount_differs", "4.50", 2, settled="3.00"),
        _count("duplicate_line", "20.00", settled="20.00"),
    ),
    is_expected=True,
)  # fmt: skip
_MAIN = AccountMonth(
    "main", "EUR", money("10000.00"), money("8800.10"), 12, money("-1199.90"), "proven", money("0.00"),
    (
        BankStatement("b" * 32, "camt053", "10", date(2026, 10, 1), date(2026, 10, 31), money("10000.00"),
                      money("8800.10"), 12, "proven", None, None),
    ),
    (
        Flow("in", 4, money("5000.10"), 3, money("4900.10")),
        Flow("out", 8, money("-6200.00"), 8, money("-6200.00")),
    ),
    (
        PartTotal("payment", 11, money("-1250.00")), PartTotal("fee", 3, money("-15.00")),
        PartTotal("fx", 1, money("0.10")),
    ),
    (
        BankEntry(
            date(2026, 10, 28), "2610280001", money("-6015.00"),
            (
                BankPart("payment", money("-6000.00"), False, "PL-202610-000001", "Affiliate 456"),
                BankPart("fee", money("-15.00"), False, None, None),
            ),
        ),
        BankEntry(
            date(2026, 10, 29), "2610290001", money("6000.00"),
            (BankPart("payment", money("6000.00"), True, "PL-202610-000001", "Affiliate 456"),),
        ),
        BankEntry(date(2026, 10, 21), None, money("100.00"), ()),
    ),
    _run("bank", "main"),
    (ClassTotal("unexplained_line", "EUR", 1, money("100.00"), 0, money("0"), 0, money("0")),),
    is_expected=True,
)  # fmt: skip
_ITEMS = (
    make_item(
        17, "unexplained_line", "100.00", scope="main", subject="2026-10-21 NTRF", currency="EUR",
        facts={"bank": {"amount": "100.00", "currency": "EUR"}},
    ),
    make_item(
        12, "missing_at_network", "40.00", state="disputed", owner="mia",
        note="ticket 4711, <b>asked</b> on 2026-11-03",
        facts={"ledger": {"amount": "40.00", "currency": "USD", "status": "approved"}},
    ),
    make_item(
        13, "amount_differs", "1.50", state="assigned", owner="dan", age_days=1,
        facts={"ledger": {"amount": "40.00", "currency": "USD"}, "network": {"amount": "38.50", "currency": "USD"}},
    ),
    make_item(
        14, "duplicate_line", "20.00", state="resolved", owner="dan", note="the network took it out",
        facts={"network": {"amount": "20.00", "currency": "USD"}},
    ),
)  # fmt: skip
_REPORT = MonthReport(
    period=date(2026, 10, 1),
    timezone="Europe/Berlin",
    base_currency="EUR",
    made_at=NOW,
    state="closing",
    changed_at=NOW,
    changed_by="mia",
    sources=(_NORTH, SourceMonth("south", "Südnetz", None, None, (), (), (), is_expected=True)),
    accounts=(_MAIN,),
    bill_totals=(ClaimTotal("EUR", 2, money("6200"), money("6100")), ClaimTotal("USD", 2, money("70.5"), money("0"))),
    bills=(
        Claim("PL-202610-000001", "456", "Affiliate 456", "EUR", money("6000.00"), money("6000.00"), "paid"),
        Claim("PL-202610-000002", "457", "A long name GmbH & Co. KG", "EUR", money("200"), money("100"), "partly_paid"),
        Claim("PL-202610-000003", "458", None, "USD", money("70.50"), money("0"), "approved"),
    ),
    receivable_totals=(ClaimTotal("USD", 1, money("12410.55"), money("12380.05")),),
    receivables=(
        Claim("RC-202610-000001", "n1", "Ads North", "USD", money("12410.55"), money("12380.05"), "partly_paid"),
    ),
    item_totals=(
        ItemTotal("open", "EUR", 1, money("100.00")),
        ItemTotal("assigned", "USD", 1, money("1.50")),
        ItemTotal("disputed", "USD", 1, money("40.00")),
        ItemTotal("resolved", "USD", 2, money("23.00")),
    ),
    items=_ITEMS,
    runs=(_run("report", "ads-north"), _run("bank", "main")),
)

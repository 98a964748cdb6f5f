"""`trace` leads from a conversion to report lines, bank lines and work items, and back from a bill or a reference."""

from typing import Any

import psycopg
import pytest

from postledger.audit.trace_rows import sql
from tests.parts.cli import CommandLine
from tests.parts.databases import fetch
from tests.parts.entries import new_receipt
from tests.parts.mapping import configure
from tests.parts.month import MonthRows
from tests.parts.payable import book, make
from tests.parts.sources import add_click
from tests.parts.work_items import write_item


@pytest.fixture
def acme(cli: CommandLine, database: str) -> CommandLine:
    """A ledger with the conversion TX-1 of 10 USD."""
    add_click(database, "C1", None, "456")
    configure(cli)
    book(database, "TX-1")
    return cli


@pytest.fixture
def source_id(acme: CommandLine, database: str) -> int:
    ((found,),) = fetch(database, "SELECT id FROM sources WHERE slug = 'acme'")
    return int(found)


@pytest.fixture
def rows(database: str) -> MonthRows:
    return MonthRows(database)


def trace(cli: CommandLine, searched: str) -> Any:
    return cli("trace", searched, "--json").facts


def printed(cli: CommandLine, searched: str, kind: str) -> list[list[str]]:
    """What the printed lines of one kind say, after the time."""
    lines = [line.split(maxsplit=1) for line in cli("trace", searched).out.splitlines()]
    return [rest.split("  ")[1:] for found, rest in lines if found == kind]


def write_bank_payment(rows: MonthRows, bill_id: str) -> str:
    statement = rows.add_bank_statement("main", {"amount": "-10", "bank_reference": "BR-77", "end_to_end": "E2E-1"})
    rows.add_match(statement, 1, "-10", bill_id=bill_id, applied_amount="10", applied_currency="USD")
    return statement


def test_a_conversion_leads_to_its_report_line_and_work_item(
    acme: CommandLine, database: str, rows: MonthRows, source_id: int
) -> None:
    (conversion,) = trace(acme, "TX-1")["conversions"]
    report = rows.add_report(source_id, {"amount": "9.00", "transaction_id": "TX-1", "status_word": "Sale"})
    rows.add_match(report, 2, "9.00", currency="USD", dedup_key=conversion["dedup_key"], method="transaction_id")
    with psycopg.connect(database) as ledger:
        item = write_item(ledger, "1.00", source_id=source_id, dedup_key=conversion["dedup_key"], owner="mia")

    (found,) = trace(acme, "TX-1")["conversions"]
    (line,) = found["report_lines"]

    assert (line["statement_id"], line["line_no"], line["amount"], line["method"], line["match_state"]) == (
        report, 2, "9.00", "transaction_id", "matched",
    )  # fmt: skip
    assert [(each["id"], each["class"], each["stake"]) for each in found["discrepancies"]] == [
        (item, "amount_differs", "1.00")
    ]
    (told,), (of_item,) = (printed(acme, "TX-1", kind) for kind in ("report", "item"))
    assert told == [
        f"{report}:2", "9.00 USD", "approved (Sale)", "source=acme", "transaction_id=TX-1", "matched by transaction_id",
        "october.csv of 2026-10",
    ]  # fmt: skip
    assert of_item == [str(item), "amount_differs", "stake 1.00 USD", "open", "owner=mia"]


def test_a_line_with_the_same_id_that_is_not_matched_is_shown(
    acme: CommandLine, rows: MonthRows, source_id: int
) -> None:
    rows.add_report(source_id, {"amount": "9.00", "transaction_id": "TX-1", "event": None}, replaced_at="2026-11-05")

    (found,) = trace(acme, "TX-1")["conversions"]

    assert [(line["state"], line["method"]) for line in found["report_lines"]] == [("replaced", None)]
    (told,) = printed(acme, "TX-1", "report")
    assert told[-3:] == ["not matched", "october.csv of 2026-10", "a newer report replaced it"]


def test_an_id_that_only_a_report_knows_is_found(
    acme: CommandLine, database: str, rows: MonthRows, source_id: int
) -> None:
    report = rows.add_report(source_id, {"amount": "7.00", "transaction_id": "TX-9"})
    with psycopg.connect(database) as ledger:
        item = write_item(ledger, item_class="missing_in_ledger", source_id=source_id, statement_id=report, line_no=2)

    found = trace(acme, "TX-9")

    assert found["conversions"] == []
    assert [(line["line_no"], [each["id"] for each in line["discrepancies"]]) for line in found["report_lines"]] == [
        (2, [item])
    ]
    assert len(printed(acme, "TX-9", "report")) == len(printed(acme, "TX-9", "item")) == 1


def test_a_conversion_leads_to_the_bank_line_that_pays_its_bill(acme: CommandLine, rows: MonthRows) -> None:
    (bill,) = make(acme)
    statement = write_bank_payment(rows, bill["id"])

    (found,) = trace(acme, "TX-1")["conversions"][0]["bills"]
    (told,) = printed(acme, "TX-1", "bank")

    assert [(each["line_no"], each["amount"], each["bank_reference"]) for each in found["payments"]] == [
        (1, "-10", "BR-77")
    ]
    assert told == [
        f"{statement}:1", "payment -10 EUR", "= 10 USD", "matched by reference", "account=main", "statement=10",
        "bank_reference=BR-77", "end_to_end=E2E-1",
    ]  # fmt: skip


@pytest.mark.parametrize("reference", ["BR-77", "E2E-1"])
def test_a_bank_reference_leads_to_the_bill(acme: CommandLine, rows: MonthRows, reference: str) -> None:
    (bill,) = make(acme)
    write_bank_payment(rows, bill["id"])

    (line,) = trace(acme, reference)["bank_lines"]

    assert (line["account"], line["amount"], [part["bill"] for part in line["parts"]]) == (
        "main",
        "-10",
        [bill["number"]],
    )
    assert len(printed(acme, reference, "part")) == 1


def test_the_number_of_a_bill_leads_to_its_payment(acme: CommandLine, rows: MonthRows) -> None:
    (bill,) = make(acme)
    write_bank_payment(rows, bill["id"])

    for searched in (bill["number"], bill["id"]):
        (found,) = trace(acme, searched)["bills"]
        assert [part["bank_reference"] for part in found["payments"]] == ["BR-77"]
    assert len(printed(acme, bill["number"], "bank")) == 1


def test_a_bill_that_is_paid_says_so(acme: CommandLine, database: str) -> None:
    (bill,) = make(acme)
    for paid, state in (("4", "partly_paid"), ("10", "paid")):
        with psycopg.connect(database) as ledger:
            ledger.execute("UPDATE bills SET paid = %s", (paid,))
        assert trace(acme, "TX-1")["conversions"][0]["bills"][0]["state"] == state
        assert trace(acme, bill["number"])["bills"][0]["state"] == state


def test_an_undone_match_leads_nowhere(acme: CommandLine, rows: MonthRows) -> None:
    (bill,) = make(acme)
    statement = rows.add_bank_statement("main", {"amount": "-10"})
    rows.add_match(statement, 1, "-10", bill_id=bill["id"], state="undone", undone_at="2026-11-05", undone_by="mia")

    assert trace(acme, bill["number"])["bills"][0]["payments"] == []


def test_a_receivable_leads_to_its_payment(acme: CommandLine, rows: MonthRows) -> None:
    owed = rows.add_receivable("R-2026-000001", "500.00")
    statement = rows.add_bank_statement("main", {"amount": "450"})
    rows.add_match(statement, 1, "450", receivable_id=owed, applied_amount="500", applied_currency="USD")

    (found,) = trace(acme, "R-2026-000001")["receivables"]
    (told,) = printed(acme, "R-2026-000001", "bank")

    assert [(part["amount"], part["applied_amount"]) for part in found["payments"]] == [("450", "500")]
    assert "= 500 USD" in told


@pytest.mark.parametrize(
    "query",
    [
        "trace_report_lines", "trace_items", "trace_payments", "trace_bank_lines", "trace_bill_by_number",
        "trace_receivable_by_number", "trace_receivables",
    ],
)  # fmt: skip
def test_a_trace_of_statements_uses_the_indexes(database: str, query: str) -> None:
    one = [new_receipt()]
    values = {
        "dedup_keys": one, "bill_ids": one, "receivable_ids": one, "statement_ids": one, "line_nos": [1],
        "reference": "R", "transaction_ids": ["T"], "statement_id": one[0], "line_no": 1, "number": "B", "id": one[0],
        "limit": 1,
    }  # fmt: skip
    with psycopg.connect(database, options="-c enable_seqscan=off") as connection:
        plan = "\n".join(row[0] for row in connection.execute("EXPLAIN " + sql(query), values).fetchall())

    assert "Index Cond: " in plan
    assert [line for line in plan.splitlines() if "Seq Scan" in line and "sources" not in line] == []

"""From approved lines to bills: what is gathered, rounded and carried, and what cancelling undoes."""

from decimal import Decimal

import psycopg
import pytest

from tests.parts.cli import CommandLine
from tests.parts.databases import fetch
from tests.parts.mapping import FINANCE, configure
from tests.parts.payable import SMALL_BILLS, add_rates, book, items_of, make, told
from tests.parts.sources import add_click


@pytest.fixture(autouse=True)
def click(database: str) -> None:
    """The click of affiliate 456."""
    add_click(database, "C1", None, "456")


@pytest.fixture
def books(cli: CommandLine, database: str) -> None:
    """Books whose payee has no minimum, with rates."""
    configure(cli, FINANCE + SMALL_BILLS)
    add_rates(database, "USD", "JPY", "KWD")


@pytest.mark.usefixtures("books")
def test_lines_are_billed_once_by_payee_currency_and_month(cli: CommandLine, database: str) -> None:
    book(database, "T1", "T2", payout="0.50", month="2026-09")
    book(database, "T3", payout="7", currency="EUR", month="2026-09")
    book(database, "T4", payout="3", month="2026-10")

    dry = make(cli, "--dry-run")
    made = make(cli)
    again = make(cli)

    assert [(bill["currency"], bill["period"][:7], *told(bill)) for bill in made] == [
        ("EUR", "2026-09", "7", "0", "7", "0", "approved"),
        ("USD", "2026-09", "1", "0", "1", "0", "approved"),
        ("USD", "2026-10", "3", "0", "3", "0", "approved"),
    ]
    assert [bill["number"] for bill in made] == ["PL-202609-000001", "PL-202609-000002", "PL-202610-000001"]
    assert [told(bill) for bill in dry] == [told(bill) for bill in made]
    assert {bill["number"] for bill in dry} == {None}
    assert again == []
    assert [items_of(database, bill["number"]) for bill in made] == [1, 2, 1]


def test_only_what_is_due_approved_and_asked_for_is_billed(cli: CommandLine, database: str) -> None:
    configure(cli, FINANCE + SMALL_BILLS + "hold_days = 30\n")
    book(database, "T1")

    assert make(cli) == []
    assert "nothing is due" in cli("bills", "make").out


@pytest.mark.usefixtures("books")
def test_one_payee_and_one_month_can_be_billed_alone(cli: CommandLine, database: str) -> None:
    book(database, "T1", month="2026-09")
    book(database, "T2", month="2026-10")

    assert cli("bills", "make", "--payee", "457").err == (
        "postledger: payee 457 does not exist; run: postledger payees list\n"
    )
    assert [bill["period"][:7] for bill in make(cli, "--period", "2026-10")] == ["2026-10"]
    assert [bill["period"][:7] for bill in make(cli)] == ["2026-09"]


@pytest.mark.usefixtures("books")
def test_scenario_07_refund_after_approval(cli: CommandLine, database: str) -> None:
    book(database, "T1", payout="150")
    book(database, "R1", reverses="T1", payout="-60", status="reversed")

    (bill,) = make(cli)
    book(database, "R2", reverses="T1", payout="-60", status="reversed")
    fetch(database, "UPDATE bills SET state = 'exported' RETURNING 1")
    (after,) = make(cli)
    book(database, "T2", payout="100")
    (later,) = make(cli)

    assert told(bill) == ("90", "0", "90", "0", "approved")
    assert told(after) == ("-60", "0", "0", "-60", "carried")
    assert told(later) == ("100", "-60", "40", "0", "approved")
    assert told(cli("bills", "show", bill["number"], "--json").facts) == ("90", "0", "90", "0", "exported")


@pytest.mark.usefixtures("books")
@pytest.mark.parametrize(
    ("currency", "payout", "bills"),
    [
        ("USD", "0.004", [("0.012", "0", "0.01", "0.002"), ("0.012", "0.002", "0.01", "0.004")]),
        ("JPY", "0.4", [("1.2", "0", "1", "0.2"), ("1.2", "0.2", "1", "0.4")]),
        ("KWD", "0.0004", [("0.0012", "0", "0.001", "0.0002"), ("0.0012", "0.0002", "0.001", "0.0004")]),
    ],
)
def test_scenario_15_sub_cent(
    cli: CommandLine, database: str, currency: str, payout: str, bills: list[tuple[str, ...]]
) -> None:
    book(database, "T1", "T2", "T3", payout=payout, currency=currency)
    first = make(cli)
    book(database, "T4", "T5", "T6", payout=payout, currency=currency)
    second = make(cli)

    assert [told(bill)[:4] for bill in [*first, *second]] == bills
    ((billed, carried, exact),) = fetch(
        database,
        "SELECT sum(amount), (SELECT carried_out FROM bills ORDER BY created_at DESC LIMIT 1), sum(exact) FROM bills",
    )
    assert billed + carried == exact == sum([Decimal(payout)] * 6)


def test_a_sum_under_the_minimum_waits_for_the_next_bill(cli: CommandLine, database: str) -> None:
    minimum = FINANCE + 'currency = "USD"\nmin_bill = "50.00"\n' + SMALL_BILLS
    configure(cli, minimum)
    book(database, "T1", payout="30")
    (first,) = make(cli)
    none = make(cli)
    configure(cli, minimum.replace("50.00", "20.00"))
    (second,) = make(cli)

    assert told(first) == ("30", "0", "0", "30", "carried")
    assert none == []
    assert told(second) == ("0", "30", "30", "0", "approved")
    assert make(cli) == []


@pytest.mark.usefixtures("books")
def test_a_cancelled_bill_frees_its_lines_and_its_carry(cli: CommandLine, database: str) -> None:
    book(database, "T1", payout="10.004")
    (first,) = make(cli)
    book(database, "T2", payout="5")
    (second,) = make(cli)

    ran = cli("bills", "cancel", first["number"])
    (again,) = make(cli)

    assert ran.out == f"bill {first['number']} is cancelled\n"
    assert told(second) == ("5", "0.004", "5", "0.004", "approved")
    assert told(again) == ("10.004", "0", "10", "0.004", "approved")
    assert items_of(database, first["number"]) == 0
    assert [bill["state"] for bill in cli("bills", "list", "--json").facts] == ["approved", "approved", "cancelled"]
    assert again["number"] == "PL-" + first["number"][3:9] + "-000003"


@pytest.mark.usefixtures("books")
def test_what_cannot_be_cancelled_is_named(cli: CommandLine, database: str) -> None:
    book(database, "T1")
    (bill,) = make(cli)
    number = bill["number"]
    fetch(
        database,
        "INSERT INTO exports (bill_id, target, state, attempts, due_at, content_sha256, created_at, updated_at)"
        " SELECT id, 'erp', 'sent_unknown', 1, now(), '', now(), now() FROM bills RETURNING 1",
    )

    sent = cli("bills", "cancel", number)
    fetch(database, "UPDATE bills SET state = 'exported' RETURNING 1")
    exported = cli("bills", "cancel", number)
    unknown = cli("bills", "cancel", number, "PL-1")

    assert sent.err == f"postledger: erp has bill {number} already, or is being sent it; run: postledger export list\n"
    assert exported.err == f"postledger: bill {number} was exported; what changes is on the payee's next bill\n"
    assert unknown.err == "postledger: bill PL-1 does not exist; run: postledger bills list\n"
    assert items_of(database, number) == 1


@pytest.mark.usefixtures("books")
def test_a_line_cannot_be_in_two_bills(cli: CommandLine, database: str) -> None:
    book(database, "T1")
    make(cli)

    with pytest.raises(psycopg.errors.UniqueViolation):
        fetch(database, "INSERT INTO bill_items SELECT * FROM bill_items RETURNING 1")


@pytest.mark.usefixtures("books")
def test_bills_are_listed_and_shown_with_their_lines(cli: CommandLine, database: str) -> None:
    book(database, "T1", "T2")
    (bill,) = make(cli)

    shown = cli("bills", "show", bill["id"], "--json").facts
    table = cli("bills", "show", bill["number"]).out
    listed = cli("bills", "list", "--payee", "456", "--state", "approved", "--csv").out
    lines = cli("expenses", "list", "--bill", bill["number"], "--json").facts

    assert [(line["category"], line["account"], line["amount"], line["items"]) for line in shown["lines"]] == [
        ("Affiliate Commission", "6010", "20.00", 2)
    ]
    assert (shown["payee_name"], shown["items"], shown["approved_by_rule"]) == ("Affiliate 456", 2, "none")
    assert "Affiliate Commission" in table
    assert listed.count(bill["number"]) == 1
    assert {line["transaction_id"] for line in lines} == {"T1", "T2"}
    assert "bill PL-2 does not exist" in cli("expenses", "list", "--bill", "PL-2").err


@pytest.mark.usefixtures("books")
def test_bills_and_their_end_are_in_the_audit_chain(cli: CommandLine, database: str) -> None:
    book(database, "T1")
    (bill,) = make(cli)
    cli("bills", "cancel", bill["number"])

    made, cancelled = (
        cli("audit", "list", "--action", f"bill.{action}", "--json").facts for action in ("make", "cancel")
    )

    assert [(entry["subject"], entry["body"]["bill"], entry["body"]["items"]) for entry in made] == [
        (bill["number"], bill["id"], 1)
    ]
    assert [entry["subject"] for entry in cancelled] == [bill["number"]]
    assert cli("audit", "verify").code == 0


@pytest.mark.usefixtures("books")
def test_a_trace_leads_to_the_bill(cli: CommandLine, database: str) -> None:
    book(database, "T1")
    (bill,) = make(cli)

    (conversion,) = cli("trace", "T1", "--json").facts["conversions"]
    (line,) = (line for line in cli("trace", "T1").out.splitlines() if line.startswith("  bill"))

    assert [(found["number"], found["lines"], found["state"]) for found in conversion["bills"]] == [
        (bill["number"], [1], "approved")
    ]
    assert f"{bill['number']}  10.00 USD  approved  lines=#1  payee=456" in line

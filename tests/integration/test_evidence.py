"""`evidence` gathers all that belongs to a work item: as JSON, as a page, and without what concerns only us."""

import hashlib
import struct
from typing import Any

import psycopg
import pytest

from tests.parts.cli import CommandLine
from tests.parts.databases import fetch
from tests.parts.mapping import FINANCE as BOOKS
from tests.parts.mapping import RULE, configure
from tests.parts.month import MonthRows
from tests.parts.payable import book, make
from tests.parts.sources import add_click
from tests.parts.work_items import write_item

HOSTILE = "<script>alert(1)</script>"
FACTS = {
    "transaction_id": "TX-1",
    "ledger": {"amount": "10.00", "currency": "USD", "status": "approved"},
    "network": {"amount": "9.00", "currency": "USD", "status": "approved"},
}


@pytest.fixture
def acme(cli: CommandLine, database: str) -> CommandLine:
    """A ledger with the conversion TX-1 of 10 USD, and one of another source with the same id."""
    add_click(database, "C1", None, "456")
    other = '[[sources]]\nslug = "other"\nname = "Other"\nsecrets = ["s3cret-current"]\ncurrency = "USD"\n'
    configure(cli, BOOKS, RULE, other)
    book(database, "TX-1")
    return cli


@pytest.fixture
def rows(database: str) -> MonthRows:
    return MonthRows(database)


def find_source(database: str, slug: str = "acme") -> int:
    ((found,),) = fetch(database, "SELECT id FROM sources WHERE slug = %s", (slug,))
    return int(found)


def find_key(database: str) -> str:
    ((found,),) = fetch(database, "SELECT dedup_key::text FROM conversions")
    return str(found)


def write_case(database: str, rows: MonthRows, **line: Any) -> int:
    """A report line of TX-1 that differs, and its work item."""
    source, key = find_source(database), find_key(database)
    report = rows.add_report(source, {"amount": "9.00", "transaction_id": "TX-1", "status_word": "Sale", **line})
    rows.add_match(report, 2, "9.00", currency="USD", dedup_key=key, method="transaction_id")
    with psycopg.connect(database) as ledger:
        return write_item(ledger, "1.00", source_id=source, dedup_key=key, statement_id=report, line_no=2, facts=FACTS)


def evidence(cli: CommandLine, searched: object, *options: str) -> Any:
    return cli("evidence", str(searched), "--json", *options).facts


def page(cli: CommandLine, searched: object, *options: str) -> str:
    ran = cli("evidence", str(searched), "--html", "-", *options)
    assert ran.code == 0, ran.err
    return ran.out


def test_the_pack_of_a_work_item_has_every_part(acme: CommandLine, database: str, rows: MonthRows) -> None:
    item = write_case(database, rows)
    (bill,) = make(acme)
    acme("user", "add", "mia", "--role", "operator")
    acme("discrepancies", "dispute", str(item), "--note", "ask them", "--as", "mia")

    found = evidence(acme, item)
    (conversion,) = found["conversions"]

    assert (found["item"]["id"], found["item"]["stake"], found["item"]["state"]) == (item, "1.00", "disputed")
    assert [note["action"] for note in found["item"]["notes"]] == ["opened", "disputed"]
    assert [click["click_id"] for click in found["clicks"]] == ["C1"]
    assert [(row["transaction_id"], row["request"]) for row in found["postbacks"]] == [("TX-1", "as sent")]
    assert [line["amount"] for line in conversion["lines"]] == ["10"]
    assert [line["approved_by_rule"] for line in conversion["lines"]] == ["none"]
    assert [each["number"] for each in conversion["bills"]] == [bill["number"]]
    assert [(line["amount"], line["line_no"]) for line in conversion["report_lines"]] == [("9.00", 2)]
    assert [entry["action"] for entry in found["audit"]["entries"]] == ["bill.make", "discrepancy.dispute"]


def test_the_hash_of_each_entry_can_be_computed_again(acme: CommandLine, database: str, rows: MonthRows) -> None:
    item = write_case(database, rows)
    make(acme)

    audit = evidence(acme, item)["audit"]

    for entry in audit["entries"]:
        texts = [entry[name].encode() for name in ("actor", "action", "subject", "body")]
        fields = [*texts, bytes.fromhex(entry["prev"])]
        numbers = struct.pack(">7q", entry["seq"], entry["at_us"], *map(len, fields))
        computed = hashlib.sha256(b"postledger audit 1" + numbers + b"".join(fields)).hexdigest()
        assert (entry["hash"], entry["is_intact"]) == (computed, True)
    assert audit["head"] == acme("audit", "head").out.strip()


def test_an_entry_that_was_changed_is_named(acme: CommandLine, database: str, rows: MonthRows) -> None:
    item = write_case(database, rows)
    make(acme)
    with psycopg.connect(database) as ledger:
        ledger.execute("GRANT ALL ON audit_log TO CURRENT_USER")
        ledger.execute("ALTER TABLE audit_log DISABLE TRIGGER USER")
        ledger.execute("UPDATE audit_log SET actor = 'eve' WHERE action = 'bill.make'")

    entries = evidence(acme, item)["audit"]["entries"]

    assert [entry["is_intact"] for entry in entries if entry["action"] == "bill.make"] == [False]
    assert "does not fit its fields" in page(acme, item)


def test_the_pack_for_the_other_party_has_nothing_of_ours(acme: CommandLine, database: str, rows: MonthRows) -> None:
    item = write_case(database, rows)
    make(acme)
    acme("user", "add", "mia", "--role", "operator")
    acme("discrepancies", "assign", str(item), "--note", "internal-note", "--as", "mia")

    found = evidence(acme, item, "--external")
    written = page(acme, item, "--external") + str(found)

    assert (found["item"]["stake"], found["item"]["facts"]) == ("1.00", FACTS)
    assert [row["transaction_id"] for row in found["postbacks"]] == ["TX-1"]
    assert found["bills"] == []
    assert set(found["conversions"][0]) & {"lines", "approvals", "bills", "affiliate_id"} == set()
    assert "affiliate_id" not in found["clicks"][0]
    for ours in (">456<", "internal-note", "Affiliate", "bill.make", "mia<"):
        assert ours not in written


def test_what_another_source_says_of_the_same_id_is_left_out(acme: CommandLine, database: str, rows: MonthRows) -> None:
    report = rows.add_report(find_source(database), {"amount": "7.00", "transaction_id": "TX-9"})
    rows.add_report(find_source(database, "other"), {"amount": "777.00", "transaction_id": "TX-9"})
    with psycopg.connect(database) as ledger:
        item = write_item(ledger, source_id=find_source(database), statement_id=report, line_no=2)

    found = evidence(acme, item)

    assert [line["amount"] for line in found["report_lines"]] == ["7.00"]
    assert "777" not in page(acme, item)
    assert "several sources have this id" in acme("evidence", "TX-9", "--external").err


def test_what_only_the_report_has_comes_with_refused_postbacks(
    acme: CommandLine, database: str, rows: MonthRows
) -> None:
    report = rows.add_report(find_source(database), {"amount": "7.00", "transaction_id": "TX-9"})
    with psycopg.connect(database) as ledger:
        item = write_item(
            ledger, item_class="missing_in_ledger", source_id=find_source(database), statement_id=report, line_no=2,
            facts={"transaction_id": "TX-9", "network": {"amount": "7.00", "currency": "USD"}},
        )  # fmt: skip
        ledger.execute(
            "INSERT INTO postbacks (id, received_at, source_id, method, verdict, reason, transaction_id, raw)"
            " VALUES (gen_random_uuid(), now(), %s, 'GET', 'refused', 'bad_signature', 'TX-9', 'x')",
            (find_source(database),),
        )

    found = evidence(acme, item)

    assert [(row["reason"], row["signature"]["result"]) for row in found["postbacks"]] == [("bad_signature", "invalid")]
    assert [line["amount"] for line in found["report_lines"]] == ["7.00"]
    assert "none was accepted: bad_signature" in page(acme, item)


def test_the_pack_of_a_bank_line_has_line_and_proposals(acme: CommandLine, database: str, rows: MonthRows) -> None:
    rows.add_account("main")
    (bill,) = make(acme)
    statement = rows.add_bank_statement("main", {"amount": "-10", "bank_reference": "BR-77", "remittance": b"canary"})
    rows.add_match(statement, 1, "-10", bill_id=bill["id"], state="proposed", proposal=1, reasons=["several"])
    with psycopg.connect(database) as ledger:
        item = write_item(
            ledger, "10.00", item_class="proposed", account="main", currency="EUR", statement_id=statement, line_no=1,
            facts={"bank": {"amount": "-10", "currency": "EUR"}},
        )  # fmt: skip

    found = evidence(acme, item)
    written = page(acme, item)

    assert [(line["amount"], [part["bill"] for part in line["parts"]]) for line in found["bank_lines"]] == [
        ("-10", [bill["number"]])
    ]
    assert "BR-77" in written
    assert "canary" not in written + str(found)


def test_every_text_of_others_is_text_on_the_page(acme: CommandLine, database: str, rows: MonthRows) -> None:
    item = write_case(database, rows, status_word=HOSTILE, click_id=HOSTILE)
    acme("user", "add", "mia", "--role", "operator")
    acme("discrepancies", "note", str(item), HOSTILE, "--as", "mia")

    written = page(acme, item)

    assert HOSTILE not in written
    assert written.count("&lt;script&gt;alert(1)&lt;/script&gt;") == 3
    assert "<script" not in written
    assert "http" not in written.replace("https://", "http://").split("</style>")[1]


def test_the_page_of_a_late_item_names_its_usual_class(acme: CommandLine, database: str) -> None:
    with psycopg.connect(database) as ledger:
        facts = {"class": "missing_in_ledger", "transaction_id": "TX-9"}
        item = write_item(ledger, item_class="after_lock", source_id=find_source(database), facts=facts)

    written = page(acme, item)

    assert "<h1>Came after the month was locked: Missing in the ledger</h1>" in written
    assert "The ledger has no conversion for it." in written


def test_an_id_without_work_item_has_a_pack_too(acme: CommandLine, database: str) -> None:
    found = evidence(acme, "TX-1")

    assert (found["item"], [row["transaction_id"] for row in found["conversions"]]) == (None, ["TX-1"])
    assert "What happened to TX-1" in page(acme, "TX-1")
    assert "1 postback" not in acme("evidence", "TX-1").out.splitlines()[0]


def test_the_page_is_written_to_a_file(acme: CommandLine) -> None:
    ran = acme("evidence", "TX-1", "--html", str(acme.directory / "case.html"))

    assert ran.code == 0
    assert (acme.directory / "case.html").read_text("utf-8").startswith("<!DOCTYPE html>")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("TX-404",), "no receipt, transaction id, click id, bill or bank reference has this value"),
        (("TX-1", "--html", "missing/case.html"), "missing/case.html: cannot be written"),
    ],
)
def test_a_mistake_is_one_line(acme: CommandLine, arguments: tuple[str, ...], message: str) -> None:
    ran = acme("evidence", *arguments)

    assert (ran.code, len(ran.err.splitlines())) == (1, 1)
    assert message in ran.err

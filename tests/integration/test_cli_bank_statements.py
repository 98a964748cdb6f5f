"""Files of banks on the command line: recognised, listed, proven, erased, and never quoted."""

import json
from pathlib import Path

import pytest

from tests.parts.bank_files import IBAN, Booking, Statement, write_camt
from tests.parts.cli import CommandLine
from tests.parts.databases import fetch
from tests.parts.postgres import Postgres
from tests.unit.policy.test_bank_account_config import CSV, MAIN

CANARY, TEXT = "Canary Counterparty", "canary remittance 4711"
BOOKINGS = (Booking(1, "100.00", TEXT, CANARY), Booking(2, "-7.50", "fee", "Bank"))
STATEMENT = Statement(1, 2, "10.00", BOOKINGS)
SOURCE = '[[sources]]\nslug = "acme"\nname = "Acme"\nsecrets = ["0123456789abcdef0123456789abcdef"]\n'
REPORTS = """
[[report_formats]]
slug = "acme-csv"
source = "acme"
kind = "csv"
delimiter = ";"
currency = "EUR"
skip_rows = 3
decimal = ","
time_format = "%d.%m.%Y"
columns = { transaction_id = "Zweck", amount = "Betrag", time = "Datum" }
"""
TABLE = "a\nb\nc\nDatum;Betrag;S/H;Info;Saldo;Zweck\n01.10.2026;12,00;H;gebucht;12,00;T-1\n"


@pytest.fixture
def banking(cli: CommandLine) -> CommandLine:
    """A ledger with two bank accounts."""
    cli.environment |= {"MAIN_IBAN": IBAN, "NUMBER": "12345-678"}
    ran = cli("apply", cli.write("bank.toml", MAIN + CSV))
    assert ran.code == 0, ran.err
    return cli


@pytest.fixture
def file(banking: CommandLine) -> str:
    """The path of a file of the account main."""
    return banking.write("october.xml", write_camt(STATEMENT))


def test_a_bank_file_is_recognised_and_goes_in_and_out(banking: CommandLine, file: str) -> None:
    imported = banking("statement", "import", file, "--json").facts
    (listed,) = banking("statement", "list", "--json").facts
    shown = banking("statement", "show", imported["id"][:8], "--json").facts
    again = banking("statement", "import", file)
    gone = banking("statement", "forget", imported["id"][:8])

    assert (imported["format"], imported["lines"], imported["known"]) == ("camt053", 2, False)
    assert [(each["account"], each["proof"], each["closing"]) for each in imported["statements"]] == [
        ("main", "proven", "102.50")
    ]
    assert (listed["kind"], listed["name"], listed["since"]) == ("bank", "main", "2026-10-01")
    assert (shown["opening"], shown["closing"], shown["gap"]) == ("10.00", "102.50", None)
    assert [(each["currency"], each["lines"], each["amount"]) for each in shown["sums"]] == [("EUR", 2, "92.50")]
    assert "nothing was added" in again.out
    assert (gone.code, banking("statement", "list", "--json").facts) == (0, [])


def test_a_person_reads_what_was_added_and_proven(banking: CommandLine, file: str) -> None:
    first = banking.process("statement", "import", "-", stdin=write_camt(STATEMENT).decode())
    later = Statement(2, 5, "110.00", (*BOOKINGS[1:], Booking(5, "1.00")), closing="104.00")
    second = banking("statement", "import", banking.write("later.xml", write_camt(later)))

    assert "2 new lines of main, 2026-10-01 to 2026-10-02" in first.out
    assert "balances: proven" in first.out
    assert "1 new line, 1 known of main, 2026-10-02 to 2026-10-05" in second.out
    assert "balances: not proven, opening balance and lines differ from the closing balance by -0.50" in second.out
    assert "it has days of the statement before" in second.err


def test_nothing_of_a_bank_is_quoted(banking: CommandLine, file: str, postgres: Postgres) -> None:
    content, url = Path(file).read_bytes(), banking.environment["DATABASE_URL"]
    written = len(postgres.log_text())
    replaced = ((b">100.00<", b">1OO.00<"), (IBAN.encode(), b"GB" + b"9" * 20))
    damaged = [content[:-40], *(content.replace(*each) for each in replaced)]
    ran = [banking("statement", "import", banking.write(f"{n}.xml", each)) for n, each in enumerate(damaged)]
    ran.append(banking("statement", "import", file, "--format", "mt940"))
    ran += [banking("statement", "import", file, *more) for more in (("--json",), ("--account", "main"))]
    ran += [banking("statement", *words) for words in (("list",), ("list", "--csv"), ("list", "--json"))]
    shown = json.loads(ran[4].out)["id"]
    ran += [banking("statement", "show", shown, "--json"), banking("statement", "faults", shown), banking("doctor")]

    assert [each.code for each in ran[:5]] == [1, 1, 1, 1, 0]
    told = "".join(each.out + each.err for each in ran)
    texts = "encode(coalesce(counterparty, '') || coalesce(remittance, ''), 'escape')"
    told += fetch(url, f"SELECT string_agg(lines::text || {texts}, '') FROM statement_lines AS lines")[0][0]
    told += postgres.log_text()[written:]
    told += fetch(url, "SELECT string_agg(encode(body, 'escape'), '') FROM audit_log")[0][0]
    assert [quoted for quoted in (CANARY, TEXT, "canary", IBAN) if quoted in told] == []


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("stmt_DE14500105170000001010.xml", "stmt_***.xml"),
        ("DE14_5001_0517_0000_0010_10-june.xml", "***-june.xml"),
        ("0532013000-mai.xml", "***-mai.xml"),
        ("main_2026-10_20261031.xml", "main_2026-10_20261031.xml"),
    ],
)
def test_numbers_in_the_name_of_a_bank_file_are_hidden(banking: CommandLine, name: str, stored: str) -> None:
    ran = banking("statement", "import", banking.write(name, write_camt(STATEMENT)))

    assert ran.code == 0, ran.err
    assert [each["file_name"] for each in banking("statement", "list", "--json").facts] == [stored]


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("DE14500105170000001010-june.csv", "***-june.csv"),
        ("acme-532013000-20261031.csv", "acme-***-20261031.csv"),
        ("acme-20261031.csv", "acme-20261031.csv"),
    ],
)
def test_numbers_in_the_name_of_a_report_are_hidden(banking: CommandLine, name: str, stored: str) -> None:
    banking("apply", banking.write("reports.toml", SOURCE + REPORTS))

    ran = banking("statement", "import", banking.write(name, TABLE), "--format", "acme-csv")

    assert ran.code == 0, ran.err
    assert [each["file_name"] for each in banking("statement", "list", "--json").facts] == [stored]


def test_faults_of_a_bank_are_a_table_for_people(banking: CommandLine) -> None:
    content = write_camt(STATEMENT).replace(b">100.00<", b">1OO.00<")
    file = banking.write("october.xml", content)
    imported = banking("statement", "import", file, "--accept-faults", "--json").facts

    ran = banking("statement", "faults", imported["statements"][0]["id"][:8])

    assert ran.code == 0, ran.err
    assert [line.split()[1:] for line in ran.out.splitlines()] == [["field", "reason"], ["amount", "bad_amount"]]


def test_a_person_is_erased_from_bank_lines(banking: CommandLine, file: str) -> None:
    banking("statement", "import", file)
    hashed = banking("hash", stdin=f"{CANARY}\n").out.strip()

    erased = banking("forget", "--hash", hashed, "--json").facts
    again = banking("forget", "--hash", hashed, "--json").facts

    assert (erased["statement_lines"], again.get("statement_lines", 0)) == (1, 0)
    rows = fetch(
        banking.environment["DATABASE_URL"],
        "SELECT amount::text, counterparty IS NULL, remittance IS NULL FROM statement_lines ORDER BY line_no",
    )
    assert rows == [("100.00", True, True), ("-7.50", False, False)]


def test_a_click_id_is_erased_from_reports(banking: CommandLine) -> None:
    columns = REPORTS.replace('transaction_id = "Zweck"', 'transaction_id = "Zweck", click_id = "Info"')
    banking("apply", banking.write("reports.toml", SOURCE + columns))
    assert banking("statement", "import", banking.write("a.csv", TABLE), "--format", "acme-csv").code == 0

    erased = [
        banking("forget", "--click-id", each, "--json").facts.get("statement_lines") for each in ("gebucht", "T-1")
    ]

    assert erased == [1, 1]
    assert fetch(
        banking.environment["DATABASE_URL"], "SELECT click_id, transaction_id, amount::text FROM statement_lines"
    ) == [(None, None, "12.00")]


def test_texts_are_deleted_after_bank_text_days(banking: CommandLine, file: str) -> None:
    banking("statement", "import", file)
    url = banking.environment["DATABASE_URL"]
    fetch(url, "UPDATE statement_lines SET booked_on = current_date - 401 WHERE line_no = 1 RETURNING 1")

    retained = banking("retain", "--json").facts

    assert retained["bank_texts_deleted"] == 1
    rows = fetch(url, "SELECT counterparty IS NULL, remittance IS NULL FROM statement_lines ORDER BY line_no")
    assert rows == [(True, True), (False, False)]


def test_a_table_that_fits_a_report_and_an_account_is_no_guess(banking: CommandLine) -> None:
    banking("apply", banking.write("reports.toml", SOURCE + REPORTS))
    file = banking.write("october.csv", TABLE)

    guessed = banking("statement", "import", file)

    assert guessed.code == 1
    assert "fits the report format acme-csv and the CSV of bank account girokonto" in guessed.err
    imported = banking("statement", "import", file, "--account", "girokonto", "--json").facts
    assert (imported["format"], imported["lines"], imported["statements"][0]["proof"]) == ("csv", 1, "proven")


def test_a_table_in_another_encoding_is_recognised_and_told(banking: CommandLine) -> None:
    file = banking.write("october.csv", TABLE.encode().replace(b"T-1", b"T\x81"))  # cp1252 has no 81

    ran = banking("statement", "import", file)

    assert (ran.code, len(ran.err.splitlines())) == (1, 1), ran.err
    assert "october.csv has bytes after line 1 that are not of its encoding" in ran.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--period", "2026-10"), "it has no --period; leave it out"),
        (("--format", "acme-csv", "--account", "main"), "acme-csv is no kind of bank files; there are camt053"),
        (("--format", "acme-csv"), "report format acme-csv is not configured"),
        (("--format", "csv", "--account", "main"), "no bank account has a [bank_accounts.csv]"),
        (("--account", "nowhere"), "bank account nowhere is not configured"),
    ],
)
def test_a_mistake_is_one_line(banking: CommandLine, file: str, arguments: tuple[str, ...], message: str) -> None:
    ran = banking("statement", "import", file, *arguments)

    assert (ran.code, len(ran.err.splitlines())) == (1, 1), ran.err
    assert message in ran.err

"""`statement` and `[[report_formats]]` on the command line: applied and exported, imported, listed, and taken out."""

import tomllib

import pytest

from tests.parts.cli import CommandLine
from tests.parts.xlsx import pack_sheet, write_xlsx
from tests.unit.policy.test_report_config import ACME
from tests.unit.reconciliation.test_excel_reports import HEADER as COLUMNS

SOURCE = '[[sources]]\nslug = "acme"\nname = "Acme"\nsecrets = ["0123456789abcdef0123456789abcdef"]\n'
HEADER = "Order;SubID;Commission;Cur;State;Date\n"
ROWS = 'T-1;c1;"1.234,50";USD;Sale;01.10.2026\nT-2;c2;-5,00;USD;CB;02.10.2026\n'


@pytest.fixture
def acme(cli: CommandLine) -> CommandLine:
    """A ledger with acme and its report format."""
    file = cli.write("acme.toml", f'{SOURCE}\n[[report_formats]]\n{ACME}delimiter = ";"\n')
    assert cli("apply", file).code == 0
    return cli


def test_what_is_applied_is_exported_and_changes_nothing_again(acme: CommandLine) -> None:
    exported = acme("export").out

    assert tomllib.loads(exported)["report_formats"][0]["slug"] == "acme-csv"
    again = acme("apply", acme.write("again.toml", exported), "--dry-run")
    assert again.code == 0
    assert [line.split()[0] for line in again.out.splitlines() if "report_format" in line] == ["leave"]


def test_a_format_of_an_unknown_source_is_refused(cli: CommandLine) -> None:
    ran = cli("apply", cli.write("acme.toml", f"[[report_formats]]\n{ACME}"))

    assert ran.code == 1
    assert "report_formats[acme-csv].source: acme does not exist; add it to [[sources]]" in ran.err


def test_a_report_goes_in_and_out_again(acme: CommandLine) -> None:
    file = acme.write("october.csv", HEADER + ROWS)

    imported = acme("statement", "import", file, "--json").facts
    again = acme("statement", "import", file).out
    shown = acme("statement", "show", imported["id"][:8], "--json").facts
    gone = acme("statement", "forget", imported["id"][:8])

    assert (imported["lines"], imported["faults"], imported["period"]) == (2, 0, "2026-10-01")
    assert "nothing was added" in again
    assert [(each["status"], each["amount"]) for each in shown["sums"]] == [
        ("approved", "1234.50"),
        ("reversed", "-5.00"),
    ]
    assert (gone.code, acme("statement", "list", "--json").facts) == (0, [])


def test_an_old_file_that_comes_again_does_not_count(acme: CommandLine) -> None:
    old, new = acme.write("old.csv", HEADER + ROWS), acme.write("new.csv", HEADER + ROWS.replace("c2", "c3"))
    acme("statement", "import", old)
    counts = acme("statement", "import", new, "--json").facts["id"]

    again, as_json = acme("statement", "import", old), acme("statement", "import", old, "--json").facts
    newest = acme("statement", "import", new)

    assert "nothing was added" in again.out
    assert f"it does not count: it is replaced, and the report {counts} counts" in again.out
    assert f"postledger statement forget {counts[:8]}" in again.err
    assert (as_json["known"], as_json["replaced_by"]) == (True, counts)
    assert "does not count" not in newest.out + newest.err


def test_without_bank_accounts_a_report_needs_no_master_key(acme: CommandLine) -> None:
    file = acme.write("acme-20261031.csv", HEADER + ROWS)
    del acme.environment["POSTLEDGER_MASTER_KEY"]

    ran = acme.process("statement", "import", file)

    assert ran.code == 0, ran.err


def test_bad_lines_are_told_by_number_field_and_reason(acme: CommandLine) -> None:
    file = acme.write("october.csv", HEADER + ROWS + "T-3;c3;canary;USD;Sale;03.10.2026\n")

    refused = acme("statement", "import", file)
    accepted = acme("statement", "import", file, "--accept-faults", "--json").facts
    faults = acme("statement", "faults", accepted["id"], "--csv").out
    for_people = acme("statement", "faults", accepted["id"][:8])

    assert refused.code == 1
    assert "line 4: amount: bad_amount" in refused.err
    assert "1 of 3 lines could not be read, more than 5 %" in refused.err
    assert "canary" not in refused.err + faults
    assert faults.splitlines() == ["line_no,field,reason", "4,amount,bad_amount"]
    assert (for_people.code, [line.split() for line in for_people.out.splitlines()]) == (
        0,
        [["line_no", "field", "reason"], ["4", "amount", "bad_amount"]],
    )


def test_more_faults_than_a_table_shows_are_asked_for(acme: CommandLine) -> None:
    rows = "".join(f"T-{number};c;bad;USD;Sale;03.10.2026\n" for number in range(60))
    file = acme.write("october.csv", HEADER + ROWS + rows)
    imported = acme("statement", "import", file, "--accept-faults", "--json").facts

    usual = acme("statement", "faults", imported["id"])
    more = acme("statement", "faults", imported["id"], "--limit", "55")

    assert (len(usual.out.splitlines()), len(more.out.splitlines())) == (51, 56)
    assert "Only the first 50 are shown. --limit N shows more" in usual.err


def test_a_report_comes_from_a_pipe(acme: CommandLine) -> None:
    ran = acme.process("statement", "import", "-", stdin=HEADER + ROWS)

    assert ran.code == 0, ran.err
    assert "2 lines of acme, 2026-10" in ran.out


def test_an_excel_file_is_recognised_beside_a_csv_format(acme: CommandLine) -> None:
    columns = '{ transaction_id = "Order", amount = "Commission", currency = "Cur", status = "State", time = "Date" }'
    excel = f'[[report_formats]]\nslug = "acme-xlsx"\nsource = "acme"\nkind = "xlsx"\ncolumns = {columns}\n'
    acme("apply", acme.write("excel.toml", excel + 'statuses = { approved = ["Sale"] }\n'))
    file = acme.write("october.xlsx", write_xlsx([COLUMNS, ("T-1", "1.00", "USD", "Sale", "2026-10-01")]))

    assert acme("statement", "import", file, "--json").facts["format"] == "acme-xlsx"


def test_a_hostile_excel_file_is_one_line(acme: CommandLine) -> None:
    excel = ACME.replace("acme-csv", "acme-xlsx").replace('"csv"', '"xlsx"')
    assert acme("apply", acme.write("excel.toml", f"[[report_formats]]\n{excel}")).code == 0
    far = acme.write("far.xlsx", pack_sheet('<row r="1"><c r="A1"><v>1</v></c><c r="XFD1048576"><v>1</v></c></row>'))

    ran = acme.process("statement", "import", far)

    assert (ran.code, len(ran.err.splitlines())) == (1, 1), ran.err
    assert "far.xlsx has a sheet of 1048576 rows and 16384 columns" in ran.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("show", "12"), "give the id of a statement, or its first 8 characters"),
        (("show", "00000000"), "no statement has this id; run: postledger statement list"),
        (("faults", "zzzzzzzz"), "give the id of a statement"),
        (("import", "missing.csv"), "missing.csv: cannot be read"),
    ],
)
def test_a_mistake_is_one_line(acme: CommandLine, arguments: tuple[str, ...], message: str) -> None:
    ran = acme("statement", *arguments)

    assert ran.code == 1
    assert message in ran.err
    assert len(ran.err.splitlines()) == 1

"""`payees import` books each good row once, and no command ever prints a bank account in whole."""

import csv
import gzip
import io
from typing import Any

import psycopg
import pytest

from tests.parts.cli import CommandLine

IBANS = ("DE89370400440532013000", "GB82WEST12345698765432")
HEADER = "id,name,currency,min_bill,iban"
FIRST = f"{HEADER}\n456,Affiliate 456,USD,50.00,DE89 3704 0044 0532 0130 00\n7,=cmd(),EUR,,{IBANS[1]}\n"


def make_iban(number: int) -> str:
    """A German IBAN with the right check digits."""
    account = f"{number:018d}"
    return f"DE{98 - int(account + '131400') % 97:02d}{account}"


def read(cli: CommandLine, query: str) -> list[tuple[Any, ...]]:
    """Ask the ledger."""
    with psycopg.connect(cli.environment["DATABASE_URL"]) as connection:
        return connection.execute(query).fetchall()


def read_version(cli: CommandLine) -> int:
    """The version by which running workers see a change."""
    return int(read(cli, "SELECT version FROM policy_version")[0][0])


def test_five_thousand_payees_are_imported_once(cli: CommandLine) -> None:
    rows = "".join(f"{number},Payee {number},USD,50.00,{make_iban(number)}\n" for number in range(5000))
    file = cli.write("payees.csv.gz", gzip.compress(f"{HEADER}\n{rows}".encode()))

    first, version = cli("payees", "import", file, "--json").facts, read_version(cli)
    again = cli("payees", "import", file, "--json").facts

    assert first == {"dry_run": False, "rows": 5000, "new": 5000, "changed": 0, "same": 0, "bad": 0}
    assert again == {"dry_run": False, "rows": 5000, "new": 0, "changed": 0, "same": 5000, "bad": 0}
    assert read_version(cli) == version
    assert len(cli("payees", "list", "--json").facts) == 5000
    ((stored, hashes),) = read(
        cli, "SELECT string_agg(bank_account, ''), count(DISTINCT bank_account_hash) FROM payees"
    )
    assert hashes == 5000
    assert make_iban(1234)[4:].encode() not in bytes(stored)


def test_accounts_are_never_printed_in_whole(cli: CommandLine) -> None:
    cli("payees", "import", cli.write("a.csv", FIRST))

    printed = [
        ran.out + ran.err
        for ran in (
            cli("payees", "list"),
            cli("payees", "list", "--csv"),
            cli("payees", "list", "--json"),
            cli("payees", "show", "456"),
            cli("payees", "show", "456", "--json"),
            cli("export"),
        )
    ]

    assert not any(part in text for text in printed for iban in IBANS for part in (iban, iban[-8:]))
    assert cli("payees", "show", "456", "--json").facts["account"] == "***3000"


def test_a_list_for_spreadsheets_holds_no_formula(cli: CommandLine) -> None:
    cli("payees", "import", cli.write("a.csv", FIRST))

    names = [row["name"] for row in csv.DictReader(io.StringIO(cli("payees", "list", "--csv").out))]

    assert names == ["Affiliate 456", "'=cmd()"]


def test_a_bad_row_is_named_without_its_account_and_the_others_are_imported(cli: CommandLine) -> None:
    wrong = "\n".join(
        (
            HEADER,
            "1,One,USD,,DE88370400440532013000",
            ",Two,USD,,",
            "3,Three,XX,,",
            "4,Four,USD,-1,",
            "5,Five,,1.00,",
            "6,Six,USD",
            "7,Seven,USD,,",
            "7,Again,USD,,",
        )
    )

    ran = cli("payees", "import", cli.write("a.csv", wrong))

    assert ran.code == 1
    assert [line.partition("; ")[0][:55] for line in ran.err.splitlines()] == [
        "line 2: iban is an IBAN with wrong check digits",
        "line 3: id must be text of 1 to 255 printable character",
        'line 4: currency must be an ISO 4217 code such as "USD"',
        "line 5: min_bill must be an amount such as 50.00, with ",
        "line 6: min_bill needs a currency",
        "line 7: has 3 cells",
        "line 9: id is in this file before",
        f"postledger: {cli.directory}/a.csv: 7 bad rows skipped"[:55],
    ]
    assert "0532013000" not in ran.err
    assert [payee["id"] for payee in cli("payees", "list", "--json").facts] == ["7"]


@pytest.mark.parametrize(
    ("header", "fault"),
    [
        ("id,ibn", "line 1: the header has ibn; the columns are id, name, currency"),
        ("name,currency", "line 1: no column is id"),
        ("id,name,Name", "line 1: the header has name twice"),
        ("", "line 1: the header is missing"),
    ],
)
def test_a_file_with_a_bad_header_changes_nothing(cli: CommandLine, header: str, fault: str) -> None:
    ran = cli("payees", "import", cli.write("a.csv", header))

    assert ran.code == 1
    assert fault in ran.err


def test_a_column_that_is_missing_keeps_what_is_stored(cli: CommandLine) -> None:
    cli("payees", "import", cli.write("a.csv", FIRST))

    dry = cli("payees", "import", cli.write("b.csv", "id;currency;min_bill\n456;EUR;\n"), "--dry-run")
    wet = cli("payees", "import", cli.write("b.csv", "id;currency;min_bill\n456;EUR;\n"))

    payee = cli("payees", "show", "456", "--json").facts
    assert dry.out == f"Dry run, nothing was changed. {wet.out}"
    assert wet.out == "1 row: 0 new, 1 changed, 0 same, 0 bad\n"
    assert (payee["name"], payee["currency"], payee["min_bill"]) == ("Affiliate 456", "EUR", None)
    assert payee["account"] == "***3000"


def test_an_imported_payee_that_is_pruned_is_revived_by_the_next_import(cli: CommandLine, file: str) -> None:
    cli("payees", "import", cli.write("a.csv", FIRST))
    cli("apply", file, "--prune", "--yes")

    assert cli("payees", "list", "--json").facts == []
    assert cli("payees", "import", cli.write("a.csv", FIRST), "--json").facts["new"] == 2
    assert cli("payees", "show", "456", "--json").facts["retired_at"] is None


def test_a_payee_that_does_not_exist_is_not_shown(cli: CommandLine) -> None:
    assert cli("payees", "show", "456").err == ("postledger: no payee has this id; postledger payees list shows them\n")


def test_accounts_are_encrypted_again_under_a_new_master_key(cli: CommandLine) -> None:
    cli("payees", "import", cli.write("a.csv", FIRST))
    old, new = cli.environment["POSTLEDGER_MASTER_KEY"], "bmV3LW5ldy1uZXctbmV3LW5ldy1uZXctbmV3LW5ldyE="
    cli.environment["POSTLEDGER_MASTER_KEY"] = f"{new},{old}"

    before = cli("doctor").out
    facts = cli("source", "reencrypt", "--json").facts
    cli.environment["POSTLEDGER_MASTER_KEY"] = new

    assert "2 of 2 are under an older master key" in before
    assert facts["payees"] == 2
    assert cli("payees", "show", "456", "--json").facts["account"] == "***3000"


def test_a_file_of_sources_and_imported_payees_do_not_disturb_each_other(cli: CommandLine, file: str) -> None:
    cli("payees", "import", cli.write("a.csv", FIRST))

    cli("apply", file)

    assert len(cli("payees", "list", "--json").facts) == 2


def test_a_locked_account_is_named_and_hides_no_other_fact(cli: CommandLine) -> None:
    cli("payees", "import", cli.write("a.csv", FIRST))
    cli.environment["POSTLEDGER_MASTER_KEY"] = "bmV3LW5ldy1uZXctbmV3LW5ldy1uZXctbmV3LW5ldyE="

    examined, reencrypted = cli("doctor"), cli("source", "reencrypt")
    payee = cli("payees", "show", "456", "--json").facts

    assert "payee 456 has one that no master key decrypts" in examined.out
    assert "payee 456 has a secret that no master key decrypts; nothing was changed" in reencrypted.err
    assert (payee["name"], payee["account"]) == ("Affiliate 456", "***")


def test_a_file_that_is_not_utf_8_is_to_be_saved_as_utf_8(cli: CommandLine) -> None:
    rows = cli("payees", "import", cli.write("rows.csv", "id,name\n1,Müller\n2,Two\n".encode("latin-1")))
    header = cli("payees", "import", cli.write("header.csv", "id,näme\n1,One\n".encode("latin-1")))

    assert rows.err.startswith("line 2: is not UTF-8; save the file as UTF-8 and import it again\n")
    assert [payee["id"] for payee in cli("payees", "list", "--json").facts] == ["2"]
    assert "line 1: is not UTF-8; save the file as UTF-8" in header.err

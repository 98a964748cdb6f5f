"""`[[bank_accounts]]` are read with the format of their CSV files, written back, and refused if they cannot work."""

import tomllib
from collections.abc import Sequence
from decimal import Decimal

import msgspec
import pytest
import tomli_w

from postledger.decoding.toml_table import BadValue
from postledger.policy.bank_account_checks import find_account_faults
from postledger.policy.bank_account_config import BankAccountConfig
from postledger.policy.config_export import write_document
from postledger.policy.config_file import BadConfiguration, Configuration, index_configuration, read_configuration
from postledger.policy.diff import Stored
from postledger.reconciliation.rules.bank_account import BankAccount
from postledger.reconciliation.rules.bank_format import BankFormat
from postledger.reconciliation.rules.report_format import Tolerance

IBAN = "DE89370400440532013000"
MAIN = """
[[bank_accounts]]
slug = "main"
iban_env = "MAIN_IBAN"
currency = "EUR"
formats = ["mt940", "camt053"]
fee = { absolute = "25.00", percent = "0.5" }
fx_percent = "1.5"
expected = "daily"
"""
CSV = """
[[bank_accounts]]
slug = "girokonto"
account_env = "NUMBER"
currency = "EUR"
[bank_accounts.csv]
columns = { date = "Datum", amount = "Betrag", sign = "S/H", state = "Info", balance = "Saldo", text = "Zweck" }
delimiter = ";"
encoding = "cp1252"
skip_rows = 3
decimal = ","
time_format = "%d.%m.%Y"
currency = "EUR"
signs = { debit = ["S"], credit = ["H"] }
states = { booked = ["gebucht"], pending = ["vorgemerkt"] }
"""
VARIABLES = {"MAIN_IBAN": "DE89 3704 0044 0532 0130 00", "WRONG": "DE88370400440532013000", "NUMBER": "12345-678"}


def look_up(name: str) -> Sequence[str]:
    """Find a variable as the command line does."""
    if name in VARIABLES:
        return [VARIABLES[name]]
    raise BadValue(f"the environment variable {name} is not set; set it")


def read(text: str) -> Configuration:
    """Read a file."""
    return read_configuration(tomllib.loads(text), {"secrets_env": look_up})


def faults_of(text: str) -> list[str]:
    """The faults of a file."""
    with pytest.raises(BadConfiguration) as caught:
        read(text)
    return [str(fault) for fault in caught.value.faults]


def test_what_finance_specifies_is_read() -> None:
    config = read(MAIN).bank_accounts["main"]

    assert config == BankAccountConfig(
        BankAccount(
            "main", "EUR", ("camt053", "mt940"), Tolerance(Decimal("25.00"), Decimal("0.5")), Decimal("1.5"), "daily"
        ),
        IBAN,
    )


def test_an_account_with_csv_takes_every_kind_of_file() -> None:
    config = read(CSV).bank_accounts["girokonto"]

    assert config.number == "12345678"
    assert config.account.formats == ("camt053", "camt052", "camt054", "mt940", "ofx", "csv")
    assert config.account.csv is not None
    assert config.account.csv.signs == {"debit": ("S",), "credit": ("H",)}
    assert config.account.csv.time_formats == ("%d.%m.%Y",)


def test_defaults_allow_no_fee_and_one_percent_of_fx() -> None:
    account = read('[[bank_accounts]]\nslug = "x"\niban_env = "MAIN_IBAN"\ncurrency = "USD"').bank_accounts["x"].account

    assert (account.fee, account.fx_percent, account.csv) == (Tolerance(Decimal(0), Decimal(0)), Decimal(1), None)
    assert "csv" not in account.formats


@pytest.mark.parametrize("text", [MAIN, CSV])
def test_what_is_written_reads_the_same_but_for_the_number(text: str) -> None:
    found = read(text).bank_accounts

    written = tomli_w.dumps(write_document(index_configuration([], [], [], bank_accounts=found.values())))

    assert IBAN not in written
    assert [each.account for each in read(written).bank_accounts.values()] == [each.account for each in found.values()]


@pytest.mark.parametrize(
    ("changed", "to", "fault"),
    [
        ('iban_env = "MAIN_IBAN"', 'iban_env = "WRONG"', "iban_env: the value of the variable is an IBAN with wrong"),
        ('iban_env = "MAIN_IBAN"', 'iban_env = "NONE"', "iban_env: the environment variable NONE is not set"),
        ('currency = "EUR"', 'currency = "EUR"\naccount_env = "NUMBER"', "account_env: cannot be combined with iban"),
        ('currency = "EUR"', "", "currency: is missing"),
        ('"camt053"', '"csv"', "csv: is missing; say in [bank_accounts.csv]"),
        ('"camt053"', '"pdf"', "formats: must be a list of camt053"),
        ('"1.5"', '"150"', "fx_percent: must be text"),
        ('"daily"', '"hourly"', 'expected: must be "daily" or'),
        ('"25.00"', '"-1"', "fee: must be an amount"),
        ('expected = "daily"', 'csv = "x"', "csv: must be one table"),
        ('expected = "daily"', 'expect = "daily"', "expect: is not a known key; did you mean expected?"),
    ],
)
def test_an_account_that_cannot_work_is_refused(changed: str, to: str, fault: str) -> None:
    assert changed in MAIN

    assert any(each.startswith(f"bank_accounts[main].{fault}") for each in faults_of(MAIN.replace(changed, to)))


@pytest.mark.parametrize(
    ("changed", "to", "fault"),
    [
        ('date = "Datum", ', "", "columns: must name the column of date"),
        ('amount = "Betrag", ', "", "columns: must name the column of amount"),
        ('amount = "Betrag"', 'amount = "Betrag", debit = "Soll"', "columns: cannot have amount beside debit"),
        ('text = "Zweck"', 'memo = "Zweck"', "columns: memo is no meaning of a column"),
        ('signs = { debit = ["S"], credit = ["H"] }', "", "signs: is missing; say what the words"),
        ('states = { booked = ["gebucht"], pending = ["vorgemerkt"] }', "", "states: is missing; say what the words"),
        ('credit = ["H"]', 'credit = ["s"]', 'signs: has the word "s" twice'),
        ('credit = ["H"]', 'plus = ["H"]', 'signs: must be "debit" or "credit"'),
        ("cp1252", "latin-99", "encoding: is not an encoding"),
        ("%d.%m.%Y", "%d.%m", "time_format: must be a format of strptime"),
        ("skip_rows = 3", "skip = 3", "skip: is not a known key"),
    ],
)
def test_a_csv_format_that_cannot_work_is_refused(changed: str, to: str, fault: str) -> None:
    assert changed in CSV

    faults = faults_of(CSV.replace(changed, to))

    assert any(each.startswith(f"bank_accounts[girokonto].csv.{fault}") for each in faults), faults


def configure(*accounts: tuple[str, str, bytes | None]) -> Configuration:
    """Accounts by slug, currency and hash."""
    configs = [BankAccountConfig(BankAccount(slug, currency), None, found) for slug, currency, found in accounts]
    return index_configuration([], [], [], bank_accounts=configs)


def test_an_account_needs_a_number_unless_one_is_stored() -> None:
    target = configure(("new", "EUR", None), ("old", "EUR", None), ("retired", "EUR", None))
    stored = Stored(configure(("old", "EUR", b"1")), configure(("retired", "EUR", b"2")))

    faults = find_account_faults(target, stored, prune=False)

    assert [(fault.table, fault.key) for fault in faults] == [("bank_accounts[new]", "iban_env")]


@pytest.mark.parametrize(("prune", "expected"), [(False, ["bank_accounts[new]"]), (True, [])])
def test_a_number_in_one_currency_is_one_account(prune: bool, expected: list[str]) -> None:
    stored = Stored(configure(("old", "EUR", b"1")), Configuration())
    target = configure(("new", "EUR", b"1"), ("dollars", "USD", b"1"))

    faults = find_account_faults(target, stored, prune=prune)

    assert [fault.table for fault in faults] == expected


def test_a_number_that_moves_to_another_slug_is_free() -> None:
    stored = Stored(configure(("old", "EUR", b"1")), Configuration())
    target = configure(("old", "EUR", b"2"), ("new", "EUR", b"1"))

    assert find_account_faults(target, stored, prune=False) == []


def test_the_settings_survive_the_store() -> None:
    account = read(CSV).bank_accounts["girokonto"].account

    again = msgspec.convert(msgspec.json.decode(msgspec.json.encode(account)), BankAccount, strict=False)

    assert again == account
    assert isinstance(again.csv, BankFormat)

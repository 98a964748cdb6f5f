"""Reads and writes `[[bank_accounts]]` of the configuration file. Pure, as `config_file.py`."""

import msgspec

from postledger.decoding.toml_table import BadValue, Fault, Table, one_of, read_texts
from postledger.policy.bank_format_config import read_bank_format, write_bank_format
from postledger.policy.finance_config import read_bank_account, read_iso_currency, read_slug
from postledger.policy.report_config import read_percent, read_tolerance
from postledger.policy.source_config import Lookups
from postledger.reconciliation.rules.bank_account import (
    BANK_KINDS,
    EXPECTED,
    NAMED_KINDS,
    BankAccount,
    BankKind,
    Expected,
)

_DEFAULTS = BankAccount("", "")


class BankAccountConfig(msgspec.Struct, frozen=True):
    """A bank account as configured. `number` is its IBAN or number, and None if the file does not change it.

    Numbers are compared by `account_hash`, so that no stored one must be decrypted; reading the file leaves it empty.
    """

    account: BankAccount
    number: str | None = None
    account_hash: bytes | None = None


def read_our_account(table: Table, faults: list[Fault], lookups: Lookups) -> BankAccountConfig:
    """Read one of `[[bank_accounts]]`."""
    csv = table.take("csv", lambda value: read_bank_format(table.path, value, faults), None)
    account = BankAccount(
        slug=table.require("slug", read_slug, ""),
        currency=table.require("currency", read_iso_currency, ""),
        formats=table.take("formats", _read_kinds, NAMED_KINDS if csv is None else BANK_KINDS),
        fee=table.take("fee", lambda value: read_tolerance(value, _DEFAULTS.fee), _DEFAULTS.fee),
        fx_percent=table.take("fx_percent", read_percent, _DEFAULTS.fx_percent),
        expected=table.take("expected", _read_expected, None),
        csv=csv,
    )
    if "csv" in account.formats and "csv" not in table:
        table.fault("csv", "is missing; say in [bank_accounts.csv] how the bank writes CSV files")
    number = read_bank_account(table, lookups, iban="iban_env", other="account_env")
    table.refuse_unknown()
    return BankAccountConfig(account, number)


def write_our_account(config: BankAccountConfig) -> dict[str, object]:
    """Write one of `[[bank_accounts]]`, without its number."""
    account = config.account
    written: dict[str, object] = {"slug": account.slug, "currency": account.currency, "formats": list(account.formats)}
    if account.expected is not None:
        written["expected"] = account.expected
    written["fx_percent"] = f"{account.fx_percent:f}"
    written["fee"] = {"absolute": f"{account.fee.absolute:f}", "percent": f"{account.fee.percent:f}"}
    return written | ({} if account.csv is None else {"csv": write_bank_format(account.csv)})


def _read_kinds(value: object) -> tuple[BankKind, ...]:
    words = read_texts(value)
    if not words or not set(words) <= set(BANK_KINDS):
        raise BadValue(f"must be a list of {', '.join(BANK_KINDS)}")
    return tuple(kind for kind in BANK_KINDS if kind in words)


def _read_expected(value: object) -> Expected | None:
    return one_of(*EXPECTED)(value)

"""Reads and writes `[bank_accounts.csv]`, how a bank writes its CSV files. Pure, as `config_file.py`."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec

from postledger.decoding.toml_table import (
    BadValue,
    Fault,
    Table,
    one_of,
    read_flag,
    read_text,
    read_texts,
    whole_number,
)
from postledger.policy.finance_config import read_optional_currency, read_timezone
from postledger.policy.report_config import (
    MOST_SKIPPED,
    open_table,
    read_delimiter,
    read_encoding,
    read_time_formats,
    refuse_twice,
)
from postledger.reconciliation.rules.bank_format import BANK_COLUMNS, BankFormat

Meaning = TypeVar("Meaning", bound=str)
_DEFAULTS = BankFormat({})


def read_bank_format(path: str, value: object, faults: list[Fault]) -> BankFormat:
    """Read the table `csv` of one of `[[bank_accounts]]`, whose path is given."""
    if not isinstance(value, dict):
        raise BadValue("must be one table in single brackets: [bank_accounts.csv]")
    table = Table(f"{path}.csv", value, faults)
    bank_format = BankFormat(
        columns=table.require("columns", _read_columns, {}),
        delimiter=table.take("delimiter", read_delimiter, _DEFAULTS.delimiter),
        encoding=table.take("encoding", read_encoding, _DEFAULTS.encoding),
        skip_rows=table.take("skip_rows", whole_number(0, MOST_SKIPPED), _DEFAULTS.skip_rows),
        skip_last_rows=table.take("skip_last_rows", whole_number(0, MOST_SKIPPED), _DEFAULTS.skip_last_rows),
        timezone=table.take("timezone", read_timezone, _DEFAULTS.timezone),
        decimal=table.take("decimal", one_of(".", ","), _DEFAULTS.decimal),
        time_formats=table.take("time_format", read_time_formats, _DEFAULTS.time_formats),
        currency=table.take("currency", read_optional_currency, None),
        signs=table.take("signs", lambda value: _read_words(value, one_of("debit", "credit")), _DEFAULTS.signs),
        states=table.take("states", lambda value: _read_words(value, one_of("booked", "pending")), _DEFAULTS.states),
        negative_debits=table.take("negative_debits", read_flag, _DEFAULTS.negative_debits),
        negate=table.take("negate", read_flag, _DEFAULTS.negate),
        subtract_fee=table.take("subtract_fee", read_flag, _DEFAULTS.subtract_fee),
    )
    if bank_format.columns:
        _check_columns(table, bank_format)
    table.refuse_unknown()
    return bank_format


def write_bank_format(bank_format: BankFormat) -> dict[str, object]:
    """Write the table: what differs from the defaults."""
    facts: dict[str, Any] = msgspec.structs.asdict(bank_format)
    defaults = msgspec.structs.asdict(_DEFAULTS)
    given = {key: value for key, value in facts.items() if value != defaults[key]}
    if (formats := given.pop("time_formats", None)) is not None:
        given["time_format"] = list(formats)
    for key in ("signs", "states"):
        if (words := given.pop(key, None)) is not None:
            given[key] = {meaning: list(listed) for meaning, listed in words.items()}
    # In TOML a sub-table stands behind the plain keys.
    return dict(sorted(given.items(), key=lambda item: isinstance(item[1], Mapping)))


def _read_columns(value: object) -> Mapping[str, str]:
    given = open_table(value)
    if unknown := next((key for key in given if key not in BANK_COLUMNS), None):
        raise BadValue(f"{unknown} is no meaning of a column; there are {', '.join(BANK_COLUMNS)}")
    return {key: read_text(name) for key, name in given.items()}


def _read_words(value: object, read_key: Callable[[object], Meaning]) -> Mapping[Meaning, tuple[str, ...]]:
    words = {read_key(key): read_texts(given) for key, given in open_table(value).items()}
    refuse_twice(words)
    return words


def _check_columns(table: Table, bank_format: BankFormat) -> None:
    columns = bank_format.columns
    if "date" not in columns:
        table.fault("columns", "must name the column of date")
    if "amount" not in columns and not {"debit", "credit"} <= set(columns):
        table.fault("columns", "must name the column of amount, or those of debit and credit")
    if "amount" in columns and {"debit", "credit"} & set(columns):
        table.fault("columns", "cannot have amount beside debit and credit; keep the one or the others")
    for column, words in (("sign", bank_format.signs), ("state", bank_format.states)):
        if column in columns and not words:
            table.fault(f"{column}s", f"is missing; say what the words of the column {column} mean")

"""Reads a row of a CSV file as a payee, and says what is wrong with a bad row, without quoting an account. Pure."""

import re
from collections.abc import Callable, Mapping, Sequence

import msgspec

from postledger.clicks.csv_format import BadFormat
from postledger.clicks.csv_rows import BadRow
from postledger.decoding.toml_table import MAX_TEXT, BadValue, read_text
from postledger.finance.rules.finance_settings import Payee
from postledger.policy.bank_accounts import BadAccount, read_account, read_iban
from postledger.policy.finance_config import PayeeConfig, read_money, read_optional_currency, read_optional_text
from postledger.vocabulary.wording import count

_READERS: dict[str, Callable[[object], object]] = {
    "name": read_text,
    "currency": read_optional_currency,
    "tax_code": read_optional_text,
    "erp_reference": read_optional_text,
    "min_bill": read_money,
}
_TEXT = f"must be text of 1 to {MAX_TEXT} printable characters"
_FORMS = {
    "id": _TEXT,
    "name": _TEXT,
    "tax_code": _TEXT,
    "erp_reference": _TEXT,
    "min_bill": "must be an amount such as 50.00, with at most 12 digits before and 6 after the point",
}
"""What a cell must be, in the words of a CSV file. The readers speak of quotes, which TOML needs."""
_NOT_UTF_8 = re.compile("[\udc80-\udcff]")
_SAVE_AS_UTF_8 = "is not UTF-8; save the file as UTF-8 and import it again"
_ACCOUNTS: dict[str, Callable[[str], str]] = {"iban": read_iban, "bank_account": read_account}
COLUMNS = ("id", *_READERS, *_ACCOUNTS)


class PayeeReader:
    """Turns the rows of one file into payees. A column that the file lacks keeps what is stored."""

    def __init__(self, header: Sequence[str], stored: Mapping[str, Payee]) -> None:
        self._columns, self._stored, self._seen = _find_columns(header), stored, set[str]()
        self._width = len(header)

    def __call__(self, cells: Sequence[str]) -> PayeeConfig:
        """Read one row. Raises `BadRow`."""
        if len(cells) != self._width:
            raise BadRow(f"has {count(len(cells), 'cell')}; the header has {self._width}")
        if any(map(_NOT_UTF_8.search, cells)):
            raise BadRow(_SAVE_AS_UTF_8)
        row = {name: cells[position].strip() for name, position in self._columns.items()}
        payee_id = str(_read("id", read_text, row["id"]))
        if payee_id in self._seen:
            raise BadRow("id is in this file before; give each payee one row")
        payee = self._read_payee(payee_id, row)
        config = PayeeConfig(payee, _read_bank_account(row))
        self._seen.add(payee_id)
        return config

    def _read_payee(self, payee_id: str, row: Mapping[str, str]) -> Payee:
        given = {name: _read(name, read, row[name]) for name, read in _READERS.items() if row.get(name)}
        without = {"name": payee_id}
        emptied = {name: without.get(name) for name in _READERS if row.get(name) == ""}
        before = self._stored.get(payee_id) or Payee(payee_id, payee_id)
        payee = msgspec.structs.replace(before, **(emptied | given))
        if payee.min_bill is not None and payee.currency is None:
            raise BadRow("min_bill needs a currency")
        return payee


def _find_columns(header: Sequence[str]) -> dict[str, int]:
    if any(map(_NOT_UTF_8.search, header)):
        raise BadFormat(_SAVE_AS_UTF_8)
    cells = [cell.strip().lower() for cell in header]
    unknown = [cell if cell.isprintable() and cell else "?" for cell in cells if cell not in COLUMNS]
    if unknown:  # a typo in "iban" would silently keep the old accounts
        raise BadFormat(f"the header has {unknown[0]}; the columns are {', '.join(COLUMNS)}")
    if twice := next((cell for cell in cells if cells.count(cell) > 1), None):
        raise BadFormat(f"the header has {twice} twice; remove one of them")
    if "id" not in cells:
        raise BadFormat("no column is id; name the column of the payees' ids so")
    return {cell: position for position, cell in enumerate(cells)}


def _read_bank_account(row: Mapping[str, str]) -> str | None:
    given = [name for name in _ACCOUNTS if row.get(name)]
    if len(given) > 1:
        raise BadRow("iban and bank_account cannot be combined; keep one of them")
    try:
        return _ACCOUNTS[given[0]](row[given[0]]) if given else None
    except BadAccount as error:
        raise BadRow(f"{given[0]} {error}") from None


def _read(name: str, read: Callable[[object], object], cell: str) -> object:
    try:
        return read(cell)
    except BadValue as error:
        raise BadRow(f"{name} {_FORMS.get(name, error)}") from None

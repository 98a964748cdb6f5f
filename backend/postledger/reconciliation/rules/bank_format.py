"""How the CSV files of a bank account are read: `[bank_accounts.csv]`."""

from collections.abc import Mapping
from typing import Literal

import msgspec

BANK_COLUMNS = (
    "date", "value_date", "amount", "debit", "credit", "sign", "fee", "currency", "state", "account", "balance", "text",
    "counterparty", "counterparty_account", "reference", "end_to_end",
)  # fmt: skip
"""What a column can mean. Each format needs `date`, and `amount` or `debit` and `credit`."""


class BankFormat(msgspec.Struct, frozen=True):
    """The format of a bank's CSV files.

    `columns`: the header of each meaning. `balance`: the balance after the row; it gives the opening and the closing
    balance. `signs`: the bank's words of the column `sign`, in any case. `states`: its words of the column `state`; a
    `pending` row is no money. A word that is not among them is a fault. `time_formats`: as strptime has them; without
    any, days and times are ISO 8601. `currency`: of rows without one. `negative_debits`: the column `debit` has a
    minus before what was paid out. `negate`: what was paid out is positive, as in statements of credit cards.
    `subtract_fee`: the account moves by the amount less the fee.
    """

    columns: Mapping[str, str]
    delimiter: str = ","
    encoding: str = "utf-8"
    skip_rows: int = 0
    skip_last_rows: int = 0
    timezone: str = "UTC"
    decimal: Literal[".", ","] = "."
    time_formats: tuple[str, ...] = ()
    currency: str | None = None
    signs: Mapping[Literal["debit", "credit"], tuple[str, ...]] = {}
    states: Mapping[Literal["booked", "pending"], tuple[str, ...]] = {}
    negative_debits: bool = False
    negate: bool = False
    subtract_fee: bool = False

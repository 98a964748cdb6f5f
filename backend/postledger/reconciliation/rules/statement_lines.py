"""What is read from the files of networks and banks: lines, statements, and faults that never hold a value."""

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

import msgspec

from postledger.vocabulary.statuses import Status


class FaultReason(StrEnum):
    """Why a line could not be read."""

    BAD_ROW = "bad_row"
    UNCLOSED_QUOTE = "unclosed_quote"
    MISSING_FIELD = "missing_field"
    BAD_AMOUNT = "bad_amount"
    BAD_CURRENCY = "bad_currency"
    BAD_DATE = "bad_date"
    BAD_EVENT = "bad_event"
    BAD_TEXT = "bad_text"
    TOO_LONG = "too_long"
    UNKNOWN_STATUS = "unknown_status"
    LOST_DIGITS = "lost_digits"


class LineFault(msgspec.Struct, frozen=True):
    """A line that could not be read: its number, the field if it is one field's fault, and why."""

    line_no: int
    field: str | None
    reason: FaultReason


class ReportLine(msgspec.Struct, frozen=True):
    """One line of a network's report. `amount` is what the network says that it pays; a refund is negative.

    `booked_on` is the day in the zone of the report. `happened_at` is None if the report has days only.
    """

    line_no: int
    amount: Decimal
    currency: str
    status: Status
    event: str | None = None
    transaction_id: str | None = None
    click_id: str | None = None
    booked_on: date | None = None
    happened_at: datetime | None = None
    status_word: str | None = None
    fee: Decimal | None = None


class BankLine(msgspec.Struct, frozen=True):
    """One line of a bank statement. `amount` is in the currency of the account; what was paid out is negative.

    A `pending` line is no money yet. `reversal`: the bank takes an earlier line back.
    """

    line_no: int
    amount: Decimal
    currency: str
    booked_on: date | None = None
    valued_on: date | None = None
    fee: Decimal | None = None
    instructed_amount: Decimal | None = None
    instructed_currency: str | None = None
    rate: Decimal | None = None
    bank_reference: str | None = None
    end_to_end: str | None = None
    counterparty: str | None = None
    counterparty_account: str | None = None
    remittance: str | None = None
    reversal: bool = False
    pending: bool = False


class BankStatement(msgspec.Struct, frozen=True):
    """One statement of a bank's file, which can hold several. Account and number together tell them apart.

    `account` is the IBAN or number as the file has it, or empty if the file does not name it. Without both balances
    nothing can be proven. `closed_on` is the day of the closing balance, if the file says it.
    """

    account: str
    number: str | None
    currency: str | None
    since: date | None
    until: date | None
    opening: Decimal | None
    closing: Decimal | None
    lines: Iterator[BankLine | LineFault]
    closed_on: date | None = None

"""Our bank accounts, and how far a payment may differ from what it pays: one of `[[bank_accounts]]`."""

from decimal import Decimal
from typing import Literal

import msgspec

from postledger.reconciliation.rules.bank_format import BankFormat
from postledger.reconciliation.rules.report_format import Tolerance

BankKind = Literal["camt053", "camt052", "camt054", "mt940", "ofx", "csv"]
BANK_KINDS: tuple[BankKind, ...] = ("camt053", "camt052", "camt054", "mt940", "ofx", "csv")
"""The kinds of files that banks write."""
NAMED_KINDS = BANK_KINDS[:-1]
"""Those that say of themselves what they are. A CSV file needs a format."""
Expected = Literal["daily", "weekly", "monthly"]
EXPECTED: tuple[Expected, ...] = ("daily", "weekly", "monthly")


class BankAccount(msgspec.Struct, frozen=True):
    """One of our bank accounts.

    `fee`: what a bank may keep of a payment: the larger of an absolute amount, and a share in percent. `fx_percent`:
    how far the rate of a payment in another currency may be from that of its day. `expected`: how often a statement
    is expected. `csv`: how the bank writes CSV files.
    """

    slug: str
    currency: str
    formats: tuple[BankKind, ...] = NAMED_KINDS
    fee: Tolerance = Tolerance(Decimal(0), Decimal(0))
    fx_percent: Decimal = Decimal(1)
    expected: Expected | None = None
    csv: BankFormat | None = None

"""The settings of `[finance]`, and the payees of `[[payees]]`."""

from decimal import Decimal

import msgspec

ORIGINS = ("ecb",)
"""Where rates can come from."""


class Finance(msgspec.Struct, frozen=True):
    """The settings of the books. `timezone`: the IANA name of the zone whose months are the periods."""

    base_currency: str
    timezone: str = "UTC"
    rates: str = "ecb"
    rates_max_age_days: int = 7
    bank_text_days: int = 400


class Payee(msgspec.Struct, frozen=True):
    """Who is paid, or who pays. The bank account is not part of it, because it is stored encrypted."""

    id: str
    name: str
    currency: str | None = None
    tax_code: str | None = None
    erp_reference: str | None = None
    min_bill: Decimal | None = None

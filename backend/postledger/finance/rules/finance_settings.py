"""The settings of `[finance]`, and the payees of `[[payees]]`."""

from decimal import Decimal

import msgspec

ORIGINS = ("ecb",)
"""Where rates can come from."""


class Finance(msgspec.Struct, frozen=True):
    """The settings of the books. `timezone`: the IANA name of the zone whose months are the periods.

    Who changes a rule decides nothing by it for `rule_cooling_s`. A month with open work items above `lock_below`, in
    the base currency, is not locked.
    """

    base_currency: str
    timezone: str = "UTC"
    rates: str = "ecb"
    rates_max_age_days: int = 7
    bank_text_days: int = 400
    rule_cooling_s: int = 86400
    lock_below: Decimal = Decimal(0)


class Payee(msgspec.Struct, frozen=True):
    """Who is paid, or who pays. The bank account is not part of it, because it is stored encrypted."""

    id: str
    name: str
    currency: str | None = None
    tax_code: str | None = None
    erp_reference: str | None = None
    min_bill: Decimal | None = None

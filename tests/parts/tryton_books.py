"""Fills an empty Tryton database: a company, its accounts, suppliers and a user, as an accountant sets them up.

Run by the Python of the ERP environment, which has trytond and proteus: `tryton_books.py DATABASE PASSWORD`, with the
configuration of trytond in TRYTOND_CONFIG, because trytond reads it while it is imported.
"""

import sys
from datetime import date
from decimal import Decimal
from typing import Any

from proteus import Model, config  # type: ignore[import-not-found, unused-ignore]
from trytond.modules.account.tests.tools import (  # type: ignore[import-not-found, unused-ignore]
    create_chart,
    create_fiscalyear,
    get_accounts,
)
from trytond.modules.account_invoice.tests.tools import (  # type: ignore[import-not-found, unused-ignore]
    create_payment_term,
    set_fiscalyear_invoice_sequences,
)
from trytond.modules.company.tests.tools import (  # type: ignore[import-not-found, unused-ignore]
    create_company,
    get_company,
)
from trytond.modules.currency.tests.tools import get_currency  # type: ignore[import-not-found, unused-ignore]

LOGIN = "postledger"
EXPENSES = {"6010": "Affiliate commissions", "6020": "Advertising", "6030": "Bonuses"}
HEADING = "6000"
PAYABLE = "2110"
SUPPLIERS = ("AFF-456", "AFF-457", "AFF-458")
CURRENCIES = {"EUR": 2, "JPY": 0, "KWD": 3}
"""With the digits that each is rounded to."""
ROUNDS_WRONGLY = "BHD"


def main() -> None:
    """Make everything, and let the user in."""
    _, database, password = sys.argv
    config.set_trytond(database)
    create_company(currency="USD")
    create_chart()
    _make_accounts()
    _make_fiscal_year()
    for code, digits in {**CURRENCIES, ROUNDS_WRONGLY: 2}.items():
        _set_digits(get_currency(code), digits)
    _make_suppliers()
    _make_user(password)


def _make_accounts() -> None:
    """Give the accounts the codes that the tests know. An account without a type is a heading."""
    made = get_accounts()
    heading = Model.get("account.account")(name="Costs", code=HEADING, company=get_company())
    heading.save()
    for code, name in EXPENSES.items():
        Model.get("account.account")(name=name, code=code, type=made["expense"].type, parent=heading).save()
    made["payable"].code = PAYABLE
    made["payable"].save()


def _make_fiscal_year() -> None:
    year = set_fiscalyear_invoice_sequences(create_fiscalyear(today=date.today()))  # noqa: DTZ011 - as Tryton does
    year.click("create_period")


def _set_digits(currency: Any, digits: int) -> None:
    currency.digits, currency.rounding = digits, Decimal(1).scaleb(-digits)
    currency.save()


def _make_suppliers() -> None:
    term = create_payment_term()
    term.save()
    for code in SUPPLIERS:
        party = Model.get("party.party")(name=f"Affiliate {code}", code=code, supplier_payment_term=term)
        party.save()


def _make_user(password: str) -> None:
    user: Any = Model.get("res.user")(name="Postledger", login=LOGIN, password=password)
    (group,) = Model.get("res.group").find([("name", "=", "Accounting")])
    user.groups.append(group)
    user.companies.append(get_company())
    user.company = get_company()
    user.save()


if __name__ == "__main__":
    main()

"""The books in the configuration file: what is read, and what is refused."""

import tomllib
from collections.abc import Sequence
from decimal import Decimal

import pytest

from postledger.decoding.toml_table import BadValue
from postledger.finance.rules.expense_amount import Fixed, Share
from postledger.finance.rules.expense_rule import ExpenseRule, Match
from postledger.finance.rules.finance_settings import Finance, Payee
from postledger.policy.config_export import write_document
from postledger.policy.config_file import BadConfiguration, Configuration, read_configuration
from postledger.vocabulary.statuses import Status

IBAN = "DE89370400440532013000"
SPECIFIED = """
[finance]
base_currency = "EUR"
timezone = "Europe/Berlin"
rates = "ecb"
rates_max_age = "7d"
bank_text_days = 400

[[payees]]
id = "456"
name = "Affiliate 456"
currency = "USD"
min_bill = "50.00"
erp_reference = "AFF-456"
iban_env = "PAYEE_456_IBAN"

[[expense_rules]]
slug = "google-ads"
match = { source = ["acme"], campaign = ["spring*"], event = ["sale"] }
category = "Affiliate Commission — {campaign.name}"
account = "6010"
amount = "100%"
accrue = ["approved"]
hold_days = 30
direction = "payable"
"""
VARIABLES = {
    "PAYEE_456_IBAN": "DE89 3704 0044 0532 0130 00",
    "WRONG_IBAN": "DE88370400440532013000",
    "ROUTED": "021-00",
}


def look_up(name: str) -> Sequence[str]:
    """Find a variable as the command line does."""
    if name in VARIABLES:
        return [VARIABLES[name]]
    raise BadValue(f"the environment variable {name} is not set; set it")


def read(text: str) -> Configuration:
    """Read a file."""
    return read_configuration(tomllib.loads(text), {"secrets_env": look_up})


def read_faults(text: str) -> list[str]:
    """Read a bad file and list its faults."""
    with pytest.raises(BadConfiguration) as caught:
        read(text)
    return [str(fault) for fault in caught.value.faults]


def test_the_example_of_the_specification_is_read() -> None:
    configuration = read(SPECIFIED)

    assert configuration.finance == Finance("EUR", "Europe/Berlin", "ecb", 7, 400)
    assert configuration.payees["456"].payee == Payee("456", "Affiliate 456", "USD", None, "AFF-456", Decimal("50.00"))
    assert configuration.payees["456"].bank_account == IBAN
    assert configuration.expense_rules["google-ads"] == ExpenseRule(
        "google-ads",
        "Affiliate Commission — {campaign.name}",
        Share(Decimal(100)),
        Match(("acme",), ("spring*",), ("sale",)),
        account="6010",
        hold_days=30,
    )


def test_what_is_exported_is_read_as_the_same_without_accounts() -> None:
    more = '[[expense_rules]]\nslug = "b"\ncategory = "B"\namount = "5.00 EUR"\npayee = "456"\ndirection = "receivable"'
    configuration = read(f'{SPECIFIED}{more}\naccrue = ["pending", "approved"]\ntax_code = "V19"')

    document = write_document(configuration)
    again = read_configuration(document, {})

    assert IBAN not in str(document)
    assert (again.finance, again.expense_rules) == (configuration.finance, configuration.expense_rules)
    assert again.payees["456"].payee == configuration.payees["456"].payee
    assert list(again.expense_rules) == ["google-ads", "b"]


def test_defaults_are_those_of_the_documentation() -> None:
    text = '[finance]\nbase_currency = "usd"\n[[payees]]\nid = "7"\n[[expense_rules]]\nslug = "all"\ncategory = "C"'

    configuration = read(text)

    assert configuration.finance == Finance("USD", "UTC", "ecb", 7, 400)
    assert configuration.payees["7"].payee == Payee("7", "7")
    assert configuration.expense_rules["all"] == ExpenseRule("all", "C", Share(Decimal(100)))


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        ("70%", Share(Decimal(70))),
        ("12.5 %", Share(Decimal("12.5"))),
        ("0%", Share(Decimal(0))),
        ("5.00 EUR", Fixed(Decimal("5.00"), "EUR")),
        ("0.004 jpy", Fixed(Decimal("0.004"), "JPY")),
    ],
)
def test_amounts_are_shares_or_fixed(amount: str, expected: Share | Fixed) -> None:
    rule = read(f'[[expense_rules]]\nslug = "a"\ncategory = "C"\namount = "{amount}"').expense_rules["a"]

    assert rule.amount == expected


def test_pending_can_carry_money_too() -> None:
    rule = read('[[expense_rules]]\nslug = "a"\ncategory = "C"\naccrue = ["pending", "approved"]').expense_rules["a"]

    assert rule.accrue == (Status.APPROVED, Status.PENDING)


@pytest.mark.parametrize(
    ("key", "fault"),
    [
        ('amount = "101%"', 'amount: must be a share from "0%" to "100%"'),
        ('amount = "-5%"', 'amount: must be a share from "0%" to "100%"'),
        ('amount = "NaN%"', "amount: must be a share"),
        ('amount = "1e1%"', "amount: must be a share"),
        ("amount = 70", "amount: must be a share of the payout"),
        ('amount = "much"', "amount: must be a share of the payout"),
        ('amount = "EUR 5.00"', "amount: must be a share of the payout"),
        ('amount = "-5.00 EUR"', "amount: must be a share of the payout"),
        ('amount = "5,00 EUR"', "amount: must be a share of the payout"),
        ('amount = "5.00"', 'amount: has no currency and no "%"'),
        ('amount = "5.00 EURO"', "amount: the currency must be an ISO 4217 code"),
        ('amount = "0.00 EUR"', "amount: must be above zero"),
        ("hold_days = -1", "hold_days: must be a whole number"),
        ('direction = "both"', 'direction: must be "payable" or "receivable"'),
        ("accrue = []", "accrue: must be a list of approved and pending"),
        ('accrue = ["sold"]', "accrue: must be a list of approved and pending"),
        ('accrue = ["reversed"]', "accrue: must be a list of approved and pending"),
        ("match = []", "match: must be a table"),
        ('match = { status = ["approved"] }', "match: status is not known; use source, campaign, event, affiliate"),
        ("match = { source = [] }", "match: source is empty"),
        ("match = { source = [1] }", "match: source must be text"),
        ('match = { event = ["Sale"] }', "match: event has a pattern that can never match"),
        ('match = { campaign = ["Spring"] }', "match: campaign has a pattern that can never match"),
        ('category = "{payout}"', "category: {payout} is not a placeholder; use one of {source.name}"),
        ('categori = "C"', "categori: is not a known key; did you mean category?"),
    ],
)
def test_a_rule_that_cannot_work_is_refused(key: str, fault: str) -> None:
    category = "" if key.startswith("category") else 'category = "C"\n'

    (found,) = read_faults(f'[[expense_rules]]\nslug = "a"\n{category}{key}')

    assert found.startswith(f"expense_rules[a].{fault}")


@pytest.mark.parametrize(
    ("key", "fault"),
    [
        ('base_currency = "EURO"', 'base_currency: must be an ISO 4217 code such as "USD"'),
        ('base_currency = "XXX"', "base_currency: must be a currency in which money is paid, such as USD; XXX is none"),
        ('base_currency = "xau"', "base_currency: must be a currency in which money is paid"),
        ('timezone = "Mars/Base"', "timezone: is not a time zone"),
        ('timezone = "../UTC"', "timezone: is not a time zone"),
        ('timezone = "Europe"', "timezone: is not a time zone"),
        ('rates = "oanda"', 'rates: must be "ecb"'),
        ('rates_max_age = "7h"', 'rates_max_age: must be a number of days such as "7d"'),
        ('rates_max_age = "0d"', "rates_max_age: must be a number of days"),
        ("rates_max_age = 7", "rates_max_age: must be a number of days"),
        ("bank_text_days = 0", "bank_text_days: must be a whole number"),
        ('basecurrency = "EUR"', "basecurrency: is not a known key; did you mean base_currency?"),
    ],
)
def test_bad_settings_are_refused(key: str, fault: str) -> None:
    base = "" if key.startswith("base_currency") else 'base_currency = "EUR"\n'

    (found,) = read_faults(f"[finance]\n{base}{key}")

    assert found.startswith(f"finance.{fault}")


def test_finance_is_one_table_with_a_currency() -> None:
    assert read_faults("[finance]") == ["finance.base_currency: is missing; add it"]
    assert read_faults("[[finance]]") == ["finance: must be one table in single brackets: [finance]"]


@pytest.mark.parametrize(
    ("key", "fault"),
    [
        ('currency = "US"', "currency: must be an ISO 4217 code"),
        ('currency = "XTS"', "currency: must be a currency in which money is paid"),
        ('min_bill = "50.00"', "min_bill: needs a currency"),
        ('currency = "USD"\nmin_bill = 50.0', "min_bill: must be an amount in quotes"),
        ('currency = "USD"\nmin_bill = "-1"', "min_bill: must be an amount in quotes"),
        ('name = "a\\u0000"', "name: must be text of 1 to 255 printable characters"),
        ('iban_env = "NOT_SET"', "iban_env: the environment variable NOT_SET is not set"),
        ('iban_env = "WRONG_IBAN"', "iban_env: the value of the variable is an IBAN with wrong check digits"),
        ('iban_env = "ROUTED"', "iban_env: the value of the variable must be an IBAN"),
        (f'iban = "{IBAN}"', "iban: is not a known key; did you mean iban_env?"),
        ('iban_env = "PAYEE_456_IBAN"\nbank_account_env = "ROUTED"', "bank_account_env: cannot be combined"),
    ],
)
def test_a_bad_payee_is_refused_and_its_account_never_quoted(key: str, fault: str) -> None:
    (found,) = read_faults(f'[[payees]]\nid = "7"\n{key}')

    assert found.startswith(f"payees[7].{fault}")
    assert not any(value.replace(" ", "") in found for value in VARIABLES.values())


def test_an_account_that_is_no_iban_has_a_key_of_its_own() -> None:
    payee = read('[[payees]]\nid = "7"\nbank_account_env = "ROUTED"').payees["7"]

    assert payee.bank_account == "02100"


def test_two_rules_need_two_slugs() -> None:
    rule = '[[expense_rules]]\nslug = "a"\ncategory = "C"\n'

    assert read_faults(rule * 2) == [
        "expense_rules[a].slug: is used twice in this file; give each of the expense_rules its own slug"
    ]

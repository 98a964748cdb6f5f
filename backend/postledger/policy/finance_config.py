"""Reads `[finance]`, `[[payees]]` and `[[expense_rules]]` of the configuration file. Pure, as `config_file.py`."""

import re
from collections.abc import Callable
from decimal import Decimal
from zoneinfo import ZoneInfo

import msgspec

from postledger.decoding.parameters import NO_MONEY, read_currency
from postledger.decoding.toml_table import BadValue, Table, one_of, read_text, read_texts, whole_number
from postledger.finance.rules.category import PLACEHOLDERS, find_unknown
from postledger.finance.rules.expense_amount import ExpenseAmount, Fixed, Share
from postledger.finance.rules.expense_rule import ExpenseRule, Match
from postledger.finance.rules.finance_settings import ORIGINS, Finance, Payee
from postledger.policy.bank_accounts import BadAccount, read_account, read_iban
from postledger.policy.source_config import Lookups, read_duration_s
from postledger.vocabulary.refusal import Refused
from postledger.vocabulary.statuses import Status

ACCRUING = (Status.APPROVED, Status.PENDING)
"""The statuses in which a conversion can carry money. A rejected or reversed one is worth nothing."""

_MOST_DAYS = 3650
_WHOLE = ExpenseRule("", "", Share(Decimal(100)))  # the defaults of a rule
_DAYS = re.compile(r"([0-9]{1,4})d")
_SHARE = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,6})?) ?%")
_MONEY = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,6})?")
_SLUG = re.compile(r"[a-z0-9-]{1,40}")
_SLUG_PATTERN = re.compile(r"[a-z0-9*-]{1,80}")
_EVENT_PATTERN = re.compile(r"[a-z0-9_.*-]{1,80}")


class PayeeConfig(msgspec.Struct, frozen=True):
    """A payee as configured. `bank_account` is None if the file does not change it.

    Accounts are compared by `account_hash`, so that no stored one must be decrypted; reading the file leaves it empty.
    """

    payee: Payee
    bank_account: str | None = None
    account_hash: bytes | None = None


def read_finance(table: Table) -> Finance:
    """Read `[finance]`."""
    defaults = Finance("")
    finance = Finance(
        table.require("base_currency", read_iso_currency, ""),
        table.take("timezone", read_timezone, defaults.timezone),
        table.take("rates", one_of(*ORIGINS), defaults.rates),
        table.take("rates_max_age", _read_days, defaults.rates_max_age_days),
        table.take("bank_text_days", whole_number(1, _MOST_DAYS), defaults.bank_text_days),
        table.take("rule_cooling", read_duration_s, defaults.rule_cooling_s),
        table.take("lock_below", _read_amount_of_money, defaults.lock_below),
    )
    table.refuse_unknown()
    return finance


def read_payee(table: Table, lookups: Lookups) -> PayeeConfig:
    """Read one of `[[payees]]`."""
    payee_id = table.require("id", read_text, "")
    payee = Payee(
        payee_id,
        table.take("name", read_text, payee_id),
        table.take("currency", read_optional_currency, None),
        table.take("tax_code", read_optional_text, None),
        table.take("erp_reference", read_optional_text, None),
        table.take("min_bill", read_money, None),
    )
    if payee.min_bill is not None and payee.currency is None:
        table.fault("min_bill", "needs a currency; add currency to this payee")
    account = read_bank_account(table, lookups, iban="iban_env", other="bank_account_env")
    table.refuse_unknown()
    return PayeeConfig(payee, account)


def read_rule(table: Table) -> ExpenseRule:
    """Read one of `[[expense_rules]]`."""
    rule = ExpenseRule(
        slug=table.require("slug", read_slug, ""),
        category=table.require("category", _read_category, ""),
        amount=table.take("amount", read_amount, _WHOLE.amount),
        match=table.take("match", _read_match, _WHOLE.match),
        account=table.take("account", read_optional_text, _WHOLE.account),
        tax_code=table.take("tax_code", read_optional_text, _WHOLE.tax_code),
        payee=table.take("payee", read_optional_text, _WHOLE.payee),
        accrue=table.take("accrue", _read_statuses, _WHOLE.accrue),
        hold_days=table.take("hold_days", whole_number(0, _MOST_DAYS), _WHOLE.hold_days),
        direction=table.take("direction", one_of("payable", "receivable"), _WHOLE.direction),
    )
    table.refuse_unknown()
    return rule


def read_iso_currency(value: object) -> str:
    """Read an ISO 4217 code of money."""
    try:
        code = read_currency(value if isinstance(value, str) else "")
    except Refused:
        raise BadValue('must be an ISO 4217 code such as "USD"') from None
    if code in NO_MONEY:
        raise BadValue(f"must be a currency in which money is paid, such as USD; {code} is none")
    return code


def read_optional_currency(value: object) -> str | None:
    """Read an ISO 4217 code for a key that may be missing."""
    return read_iso_currency(value)


def read_optional_text(value: object) -> str | None:
    """Read a text for a key that may be missing."""
    return read_text(value)


def read_money(value: object) -> Decimal | None:
    """Read an amount of money for a key that may be missing."""
    return _read_amount_of_money(value)


def _read_amount_of_money(value: object) -> Decimal:
    if isinstance(value, str) and _MONEY.fullmatch(value):
        return Decimal(value)
    raise BadValue('must be an amount in quotes such as "50.00", at most 12 digits before and 6 after the point')


def read_amount(value: object) -> ExpenseAmount:
    """Read a share of the payout or a fixed amount."""
    text = value.strip() if isinstance(value, str) else ""
    if text.endswith("%"):
        return _read_share(text)
    number, _, currency = text.rpartition(" ")
    if _MONEY.fullmatch(text):
        raise BadValue('has no currency and no "%"; write a fixed amount as "5.00 EUR" and a share as "70%"')
    if not _MONEY.fullmatch(number):
        raise BadValue('must be a share of the payout such as "70%", or a fixed amount such as "5.00 EUR", in quotes')
    return _read_fixed(Decimal(number), currency)


def _read_share(text: str) -> Share:
    found = _SHARE.fullmatch(text)
    if found is None or (percent := Decimal(found[1])) > 100:
        raise BadValue('must be a share from "0%" to "100%", with at most 6 digits after the point')
    return Share(percent)


def _read_fixed(number: Decimal, currency: str) -> Fixed:
    if not number:
        raise BadValue('must be above zero; write "0%" for conversions that cost nothing')
    try:
        return Fixed(number, read_iso_currency(currency))
    except BadValue as error:
        raise BadValue(f"the currency {error}") from None


def read_timezone(value: object) -> str:
    try:
        name = read_text(value)
        ZoneInfo(name)
    except (BadValue, KeyError, ValueError, OSError):  # an unknown name, a path, a folder of the database
        raise BadValue('is not a time zone; write a name such as "Europe/Berlin" or "UTC"') from None
    return name


def _read_days(value: object) -> int:
    found = _DAYS.fullmatch(value) if isinstance(value, str) else None
    if found is None or not 1 <= int(found[1]) <= _MOST_DAYS:
        raise BadValue(f'must be a number of days such as "7d", from "1d" to "{_MOST_DAYS}d"')
    return int(found[1])


def read_bank_account(table: Table, lookups: Lookups, *, iban: str, other: str) -> str | None:
    """Read the account of one of two keys, which name a variable with an IBAN or with another number."""
    if iban in table and other in table:
        table.fault(other, f"cannot be combined with {iban}; keep one of them")
    readers = {iban: read_iban, other: read_account}
    found = [table.take(key, _from_variable(lookups, read), None) for key, read in readers.items()]
    return next((account for account in found if account is not None), None)


def _from_variable(lookups: Lookups, read: Callable[[str], str]) -> Callable[[object], str | None]:
    def read_variable(value: object) -> str:
        name = read_text(value)
        (text,) = lookups["secrets_env"](name)
        try:
            return read(text)
        except BadAccount as error:
            raise BadValue(f"the value of the variable {error}") from None

    return read_variable


def read_slug(value: object) -> str:
    """Read the slug of a rule."""
    if isinstance(value, str) and _SLUG.fullmatch(value):
        return value
    raise BadValue("must be 1 to 40 characters of a-z, 0-9 and -")


def _read_category(value: object) -> str:
    template = read_text(value)
    if (unknown := find_unknown(template)) is not None:
        known = " ".join(f"{{{name}}}" for name in PLACEHOLDERS)
        raise BadValue(f"{unknown} is not a placeholder; use one of {known}")
    return template


def _read_statuses(value: object) -> tuple[Status, ...]:
    words = read_texts(value)
    if not words or not set(words) <= set(ACCRUING):
        raise BadValue(f"must be a list of {' and '.join(ACCRUING)}; the other statuses are worth nothing")
    return tuple(status for status in ACCRUING if status in words)


def _read_match(value: object) -> Match:
    if not isinstance(value, dict):
        raise BadValue('must be a table such as { source = ["acme"], campaign = ["spring*"], event = ["sale"] }')
    for key in value:
        if key not in _PATTERN_READERS:
            raise BadValue(f"{key if key.isprintable() else '?'} is not known; use {', '.join(_PATTERN_READERS)}")
    return Match(**{key: _read_patterns(key, listed) for key, listed in value.items()})


def _read_patterns(key: str, value: object) -> tuple[str, ...]:
    try:
        patterns = read_texts(value)
    except BadValue as error:
        raise BadValue(f"{key} {error}") from None
    if not patterns:
        raise BadValue(f"{key} is empty, so nothing would match; remove it, or name a value")
    form, description = _PATTERN_READERS[key]
    if any(form.fullmatch(pattern) is None for pattern in patterns):
        raise BadValue(f"{key} has a pattern that can never match; {description}")
    return patterns


_PATTERN_READERS = {
    "source": (_SLUG_PATTERN, "slugs have a-z, 0-9 and -, and * stands for any text"),
    "campaign": (_SLUG_PATTERN, "slugs have a-z, 0-9 and -, and * stands for any text"),
    "event": (_EVENT_PATTERN, "events have a-z, 0-9, _, . and -, and * stands for any text"),
    "affiliate": (re.compile(r".+"), "* stands for any text"),
}

"""Compares account numbers, which banks write in many ways. Pure."""

import re

_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
_CURRENCY = re.compile(r"(.*[0-9])[A-Z]{3}")
_GERMAN = re.compile(r"([0-9]{8})/([0-9]{1,10})")


def normalise_account(written: str) -> str:
    """Write an account number without spaces, dots and dashes, in upper case."""
    return re.sub(r"[^A-Z0-9/]", "", written.upper())


def list_accounts(written: str) -> tuple[str, ...]:
    """List the accounts that a bank can mean, the likeliest first.

    A file of MT940 can have the BIC and a slash before the account and the currency behind it, and German banks write
    the code of the bank and the account, of which an IBAN is made.
    """
    plain = normalise_account(written)
    without_currency = match[1] if (match := _CURRENCY.fullmatch(plain)) else plain
    parts = [part for whole in (plain, without_currency) for part in (whole, whole.rpartition("/")[2])]
    german = _GERMAN.fullmatch(without_currency)
    ibans = [part for part in parts if is_iban(part)]
    return tuple(dict.fromkeys(ibans + ([_make_german_iban(german[1], german[2])] if german else []) + parts))


def is_iban(number: str) -> bool:
    """Whether a number without spaces is an IBAN with the right check digits."""
    return _IBAN.fullmatch(number) is not None and has_check_digits(number)


def has_check_digits(iban: str) -> bool:
    """Whether the check digits of an IBAN are right."""
    return int("".join(str(int(each, 36)) for each in iban[4:] + iban[:4])) % 97 == 1


def _make_german_iban(bank: str, account: str) -> str:
    number = bank + account.zfill(10)
    check = 98 - int(number + "131400") % 97  # DE00 behind the number, letters as numbers
    return f"DE{check:02}{number}"

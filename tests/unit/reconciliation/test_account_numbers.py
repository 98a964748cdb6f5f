"""An account is found by its number, however a bank writes it."""

import pytest

from postledger.reconciliation.rules.account_numbers import has_check_digits, list_accounts

IBAN = "DE89370400440532013000"


@pytest.mark.parametrize(
    ("written", "account"),
    [
        ("DE89 3704 0044 0532 0130 00", IBAN),
        ("de89370400440532013000", IBAN),
        ("DE89370400440532013000EUR", IBAN),
        ("COBADEFFXXX/DE89370400440532013000", IBAN),
        ("37040044/0532013000", IBAN),
        ("37040044/532013000EUR", IBAN),
        ("NL69INGB0123456789EUR", "NL69INGB0123456789"),
        ("0532013000", "0532013000"),
        ("12.34.567", "1234567"),
        ("ABNANL2A/0532013000", "0532013000"),
    ],
)
def test_the_account_is_among_those_that_the_bank_can_mean(written: str, account: str) -> None:
    assert account in list_accounts(written)


def test_an_iban_comes_first() -> None:
    assert list_accounts("37040044/0532013000")[0] == IBAN


def test_check_digits_are_checked() -> None:
    assert has_check_digits(IBAN)
    assert not has_check_digits("DE88370400440532013000")


@pytest.mark.parametrize("written", ["", "/", "///", "EUR", "DE89", "é"])
def test_a_text_that_is_no_account_raises_nothing(written: str) -> None:
    assert IBAN not in list_accounts(written)

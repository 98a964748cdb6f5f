"""Finds the configured account to which a bank's file belongs."""

from collections.abc import Sequence

import msgspec

from postledger.policy.bank_account_config import BankAccountConfig
from postledger.policy.bank_texts import BankTexts
from postledger.reconciliation.rules.account_numbers import list_accounts
from postledger.reconciliation.rules.bank_account import BankAccount, BankKind
from postledger.reconciliation.rules.bank_format import BankFormat
from postledger.vocabulary.operator_error import InvalidRequest


class OurAccounts(msgspec.Struct, frozen=True):
    """The accounts in force. `insisted` is the slug of the one that the operator names.

    `fitting` are those to which a file without an account number can belong.
    """

    configs: Sequence[BankAccountConfig]
    texts: BankTexts
    insisted: str | None
    fitting: Sequence[BankAccountConfig]

    def find(self, number: str, currency: str | None, kind: BankKind) -> BankAccount:
        """Find the account of a statement. Raises `InvalidRequest`, which never quotes the number."""
        fitting = [each for each in self._find_named(number) if currency in (None, each.account.currency)]
        if len(fitting) > 1:
            slugs = ", ".join(each.account.slug for each in fitting)
            raise InvalidRequest(f"the file can be of the bank accounts {slugs}; say which one with --account")
        if not fitting:
            raise InvalidRequest(self._explain(number, currency))
        account = fitting[0].account
        if kind not in account.formats:
            raise InvalidRequest(f"bank account {account.slug} takes no {kind}; add it to its formats")
        return account

    def find_format(self) -> BankFormat:
        """Find the format of a CSV file. Raises `InvalidRequest`."""
        chosen = [self._find_insisted()] if self.insisted is not None else self.fitting
        formats = [each.account.csv for each in chosen if each.account.csv is not None]
        if not formats:
            raise InvalidRequest("no bank account has a [bank_accounts.csv] whose columns fit this file; correct it")
        if any(each != formats[0] for each in formats):
            slugs = ", ".join(each.account.slug for each in chosen)
            raise InvalidRequest(f"the file fits the bank accounts {slugs}; say which one with --account")
        currencies = {each.account.currency for each in chosen}
        default = formats[0].currency or (currencies.pop() if len(currencies) == 1 else None)
        return msgspec.structs.replace(formats[0], currency=default)

    def _find_named(self, number: str) -> Sequence[BankAccountConfig]:
        hashes = {self.texts.hash_account(each) for each in list_numbers(number)}
        named = [each for each in self.configs if each.account_hash in hashes]
        if self.insisted is None:
            return named or (() if number else self.fitting)
        insisted = self._find_insisted()
        if named and insisted not in named:
            slugs = ", ".join(each.account.slug for each in named)
            raise InvalidRequest(f"the file has a statement of bank account {slugs}, and not of {self.insisted}")
        return [insisted]

    def _find_insisted(self) -> BankAccountConfig:
        found = next((each for each in self.configs if each.account.slug == self.insisted), None)
        if found is None:
            raise InvalidRequest(f"bank account {self.insisted} is not configured; add it to [[bank_accounts]]")
        return found

    def _explain(self, number: str, currency: str | None) -> str:
        named = [each.account for each in self._find_named(number)]
        if named:
            own = ", ".join(account.currency for account in named)
            return f"the file has a statement in {currency}, and bank account {named[0].slug} is in {own}"
        if not number:
            return "the file does not say of which bank account it is; say it with --account"
        return "the file is of an account that is not in [[bank_accounts]]; add it, or say which one with --account"


def list_numbers(written: str) -> list[str]:
    """List what an account number in a file can mean, likeliest first, as configured numbers are written."""
    return list(dict.fromkeys(each.replace("/", "") for each in list_accounts(written) if each.strip("/")))

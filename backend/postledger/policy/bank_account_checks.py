"""Checks our bank accounts against the ledger and each other. Pure."""

from collections.abc import Iterator

from postledger.decoding.toml_table import Fault
from postledger.policy.bank_account_config import BankAccountConfig
from postledger.policy.config_file import Configuration
from postledger.policy.diff import Stored

_Seen = dict[tuple[bytes, str], str]


def find_account_faults(target: Configuration, stored: Stored, *, prune: bool) -> list[Fault]:
    """Find the accounts without a number, and two that a bank's file could not tell apart."""
    known = {**stored.retired.bank_accounts, **stored.in_force.bank_accounts}
    stays = {} if prune else stored.in_force.bank_accounts
    seen = {
        (each.account_hash, each.account.currency): slug
        for slug, each in stays.items()
        if slug not in target.bank_accounts and each.account_hash is not None
    }
    return [
        fault for slug, each in target.bank_accounts.items() for fault in _check_account(each, known.get(slug), seen)
    ]


def _check_account(config: BankAccountConfig, known: BankAccountConfig | None, seen: _Seen) -> Iterator[Fault]:
    slug, table = config.account.slug, f"bank_accounts[{config.account.slug}]"
    account_hash = config.account_hash or (None if known is None else known.account_hash)
    if account_hash is None:
        yield Fault(table, "iban_env", "is missing; add iban_env or account_env, with the name of a variable")
        return
    other = seen.setdefault((account_hash, config.account.currency), slug)
    if other != slug:
        yield Fault(table, "iban_env", f"is the number of {other} too, in the same currency; keep one of them")

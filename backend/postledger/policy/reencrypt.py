"""Encrypts all stored secrets again under the first master key, so that older keys can be removed."""

from typing import Any

import msgspec
from psycopg import Connection

from postledger.platform.keyring import Keyring
from postledger.policy.bank_account_store import BankAccountStore
from postledger.policy.export_store import ExportStore
from postledger.policy.finance_store import FinanceStore
from postledger.policy.forward_store import ForwardStore
from postledger.policy.instance_keys import reencrypt_keys
from postledger.policy.notify_store import NotifyStore
from postledger.policy.source_secrets import LockedSecret, SourceSecrets
from postledger.policy.store import lock_policy
from postledger.vocabulary.operator_error import NotPossible


class Reencrypted(msgspec.Struct, frozen=True):
    """How many secrets were encrypted again, and how many sources, forwards, payees, exports and accounts they are of.

    Those of `[notify]` are among the secrets.
    """

    reencrypted: int
    sources: int
    forwards: int
    payees: int
    exports: int
    bank_accounts: int


def reencrypt(connection: Connection[Any], keyring: Keyring) -> Reencrypted:
    """Encrypt all secrets again, or none. Raises `NotPossible`, or `WrongMasterKey` for a key of the ledger itself."""
    with connection.transaction():
        lock_policy(connection)
        try:
            slugs = SourceSecrets(connection, keyring).reencrypt()
            forwards = ForwardStore(connection, keyring).reencrypt()
            payees = FinanceStore(connection, keyring).reencrypt()
            notify = NotifyStore(connection, keyring).reencrypt()
            exports = ExportStore(connection, keyring).reencrypt()
            accounts = BankAccountStore(connection, keyring).reencrypt()
        except LockedSecret as owner:
            raise NotPossible(
                f"{owner} has a secret that no master key decrypts; nothing was changed. Add the key that encrypted it"
                " after the others in POSTLEDGER_MASTER_KEY, or give it new secrets"
            ) from None
        reencrypt_keys(connection, keyring)
    secrets = len(slugs) + len(forwards) + payees + notify + len(exports) + accounts
    return Reencrypted(secrets, len(set(slugs)), len(set(forwards)), payees, len(set(exports)), accounts)

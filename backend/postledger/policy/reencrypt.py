"""Encrypts all stored secrets again under the first master key, so that older keys can be removed."""

from typing import Any

import msgspec
from psycopg import Connection

from postledger.platform.keyring import Keyring
from postledger.policy.instance_keys import reencrypt_keys
from postledger.policy.source_secrets import LockedSecret, SourceSecrets
from postledger.policy.store import lock_policy
from postledger.vocabulary.operator_error import NotPossible


class Reencrypted(msgspec.Struct, frozen=True):
    """How many secrets were encrypted again, and how many sources they belong to."""

    reencrypted: int
    sources: int


def reencrypt(connection: Connection[Any], keyring: Keyring) -> Reencrypted:
    """Encrypt all secrets again, or none. Raises `NotPossible`, or `WrongMasterKey` for a key of the ledger itself."""
    with connection.transaction():
        lock_policy(connection)
        try:
            slugs = SourceSecrets(connection, keyring).reencrypt()
        except LockedSecret as slug:
            raise NotPossible(
                f"{slug} has a secret that no master key decrypts; nothing was changed. Add the key that encrypted it"
                " after the others in POSTLEDGER_MASTER_KEY, or give the source new secrets"
            ) from None
        reencrypt_keys(connection, keyring)
    return Reencrypted(len(slugs), len(set(slugs)))

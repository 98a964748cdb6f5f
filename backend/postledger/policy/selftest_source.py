"""Creates the source of the self-test, and repairs it if it cannot be used."""

from datetime import datetime
from typing import Any

from psycopg import Connection

from postledger.platform.keyring import Keyring
from postledger.platform.postgres.sql import statements_of
from postledger.policy.config_file import SourceConfig
from postledger.policy.diff import Action, Change
from postledger.policy.rotate_secret import generate_secret
from postledger.policy.source import Settings
from postledger.policy.source_secrets import SourceSecrets
from postledger.policy.store import PolicyStore, lock_policy, read_stored_settings
from postledger.vocabulary.selftest import SELFTEST

sql = statements_of("postledger.policy")

_SETTINGS = Settings(click="optional", currency="USD")


def ensure_selftest_source(connection: Connection[Any], keyring: Keyring, now: datetime) -> bool:
    """Make the source of the self-test usable. Return whether something was changed."""
    with connection.transaction():
        lock_policy(connection)
        if _is_usable(connection, keyring):
            return False
        secret = generate_secret(SELFTEST, _SETTINGS)
        source = SourceConfig(SELFTEST, "Self-test", _SETTINGS, (secret,))
        PolicyStore(connection, keyring).write([Change(Action.CREATE, "source", SELFTEST, (), source)], now, SELFTEST)
    return True


def _is_usable(connection: Connection[Any], keyring: Keyring) -> bool:
    secrets = SourceSecrets(connection, keyring)
    source_id = secrets.find_source(SELFTEST)
    row = connection.execute(sql("find_settings"), (SELFTEST,)).fetchone()
    if source_id is None or row is None or read_stored_settings(row[0]) != _SETTINGS:
        return False
    return bool(secrets.read_all(source_id))

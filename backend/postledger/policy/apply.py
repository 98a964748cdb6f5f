"""Applies a configuration: makes sources, campaigns and affiliates what the file says."""

from datetime import datetime
from typing import Any

from psycopg import Connection

from postledger.platform.keyring import Keyring
from postledger.policy.config_file import BadConfiguration, Configuration
from postledger.policy.diff import Change, find_changes, find_missing_secrets
from postledger.policy.path_conflicts import find_contested_paths
from postledger.policy.store import PolicyStore, lock_policy


def apply(
    connection: Connection[Any],
    keyring: Keyring,
    target: Configuration,
    now: datetime,
    *,
    prune: bool = False,
    dry_run: bool = False,
) -> list[Change]:
    """Apply a configuration in one transaction and return what changes. A dry run writes nothing.

    `prune` also retires what the configuration does not contain. Raises `BadConfiguration` if it contradicts the
    ledger.
    """
    with connection.transaction():
        if not dry_run:
            lock_policy(connection)
        store = PolicyStore(connection, keyring)
        stored = store.read()
        if faults := [*find_missing_secrets(target, stored), *find_contested_paths(target, stored, prune=prune)]:
            raise BadConfiguration(faults)
        changes = find_changes(target, stored, prune=prune)
        if not dry_run:
            store.write(changes, now)
    return changes

"""Applies a configuration: makes sources, campaigns and affiliates what the file says."""

from collections.abc import Callable, Sequence
from datetime import datetime
from enum import Enum
from typing import Any

import msgspec
from psycopg import Connection

from postledger.decoding.toml_table import Fault
from postledger.platform.keyring import Keyring
from postledger.policy.approval_checks import People, find_approval_faults, find_approval_warnings
from postledger.policy.approval_store import read_people
from postledger.policy.bank_account_checks import find_account_faults
from postledger.policy.books_warnings import find_books_warnings
from postledger.policy.config_file import BadConfiguration, Configuration
from postledger.policy.config_warnings import find_warnings
from postledger.policy.diff import (
    Action,
    Change,
    Stored,
    find_changes,
    find_missing_secrets,
    list_approval_rules,
    list_rules,
)
from postledger.policy.expense_rule_checks import find_rule_faults, find_rule_warnings
from postledger.policy.export_checks import find_export_faults
from postledger.policy.forward_checks import find_forward_faults, find_forward_warnings
from postledger.policy.notify_config import find_notify_faults
from postledger.policy.path_conflicts import find_contested_paths
from postledger.policy.report_config import find_report_faults
from postledger.policy.retired_secrets import find_retired_secrets
from postledger.policy.secret_strength import find_short_secrets
from postledger.policy.store import PolicyStore, lock_policy

OnWritten = Callable[[Connection[Any], Sequence[Change], datetime, str], None]
"""Writes what follows from changes that an actor has made, in the transaction that writes them."""


class Prune(Enum):
    """What `apply` does with objects that the configuration does not contain."""

    NOTHING = "leave them"
    ASKED = "write nothing if one would be retired, so that the operator can look first"
    CONFIRMED = "retire them"


class Applied(msgspec.Struct, frozen=True):
    """The changes, whether they were written, and what the operator should look at."""

    changes: list[Change]
    is_written: bool
    warnings: list[Fault] = []


def apply(
    connection: Connection[Any],
    keyring: Keyring,
    target: Configuration,
    now: datetime,
    *,
    actor: str,
    on_written: OnWritten,
    prune: Prune = Prune.NOTHING,
    dry_run: bool = False,
    if_empty: bool = False,
) -> Applied:
    """Apply a configuration in one transaction and return what changes. A dry run writes nothing.

    `actor` is who applies it; expense rules keep the name. `on_written` writes what follows from the changes.

    `if_empty` changes nothing if anything was ever configured, so that an example never replaces it.
    Raises `BadConfiguration` if the configuration contradicts the ledger.
    """
    with connection.transaction():
        if not dry_run:
            lock_policy(connection)
        store = PolicyStore(connection, keyring)
        stored = store.read()
        if if_empty and stored != Stored(Configuration(), Configuration()):
            return Applied([], is_written=False)
        target = store.hash_accounts(target, now)
        last_line_at = store.find_last_line()
        people = read_people(connection, actor)
        changes = _plan(store, target, stored, people, prune=prune is not Prune.NOTHING)
        retires = any(change.action is Action.RETIRE for change in changes)
        is_written = not dry_run and (prune is Prune.CONFIRMED or not retires)
        if is_written:
            store.write(changes, now, actor)
            on_written(connection, changes, now, actor)
    rules = list_rules(changes, stored.in_force.expense_rules)
    approval_rules = list_approval_rules(changes, stored.in_force.approval_rules)
    warnings = [
        *find_warnings(target),
        *find_books_warnings(target, stored, last_line_at),
        *find_forward_warnings(target, stored),
        *find_rule_warnings(rules, target, stored, prune=prune is not Prune.NOTHING),
        *find_approval_warnings(approval_rules, changes, target.finance or stored.in_force.finance, people),
    ]
    return Applied(changes, is_written, warnings)


def _plan(store: PolicyStore, target: Configuration, stored: Stored, people: People, *, prune: bool) -> list[Change]:
    faults = [
        *find_missing_secrets(target, stored),
        *find_contested_paths(target, stored, prune=prune),
        *find_retired_secrets(target, store.read_retired_secrets),
        *find_short_secrets(target, stored),
        *find_forward_faults(target, stored),
        *find_rule_faults(target, stored, prune=prune),
        *find_approval_faults(target, stored, people, prune=prune),
        *find_notify_faults(target.notify, stored.in_force.notify),
        *find_export_faults(target, stored, prune=prune),
        *find_report_faults(target.report_formats.values(), {*target.sources, *stored.in_force.sources}),
        *find_account_faults(target, stored, prune=prune),
    ]
    if faults:
        raise BadConfiguration(faults)
    return find_changes(target, stored, prune=prune)

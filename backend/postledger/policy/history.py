"""The history of the policy: who changed which object, when, and to what. Secrets are never part of it."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from psycopg import Connection
from psycopg.rows import dict_row

from postledger.people.audit_chain import append, write_body
from postledger.platform.postgres.sql import statements_of
from postledger.policy.bank_account_config import BankAccountConfig
from postledger.policy.config_file import SourceConfig
from postledger.policy.diff import Action, Change, Item
from postledger.policy.export_config import ExportConfig
from postledger.policy.finance_config import PayeeConfig
from postledger.policy.forward_config import ForwardConfig
from postledger.policy.notify_config import NotifyConfig, write_notify
from postledger.vocabulary.operator_error import NotFound
from postledger.vocabulary.selftest import SELFTEST

sql = statements_of("postledger.policy")
Row = dict[str, Any]
_MOST_NAMED = 1000


class Changed(NamedTuple):
    """One change of one object: its new settings, None if it was retired, and the keys that differ."""

    subject: str
    slug: str
    action: str
    settings: object
    keys: Sequence[str] = ()


def record_changes(
    connection: Connection[Any], changes: Iterable[Change], version: int, now: datetime, actor: str
) -> None:
    """Record what `apply` or an import changes."""
    real = [change for change in changes if change.action is not Action.LEAVE]
    record(connection, [_describe(change) for change in real], version, now, actor)


def record(connection: Connection[Any], changes: Iterable[Changed], version: int, now: datetime, actor: str) -> None:
    """Record changes, in the transaction that makes them."""
    values = [
        {
            **changed._asdict(),
            "settings": None if changed.settings is None else msgspec.json.encode(changed.settings).decode(),
            "keys": list(changed.keys),
            "version": version,
            "actor": actor,
            "at": now,
        }
        for changed in changes
    ]
    with connection.cursor() as cursor:
        cursor.executemany(sql("insert_history"), values)
    _append_to_chain(connection, values, version, now, actor)


def _append_to_chain(
    connection: Connection[Any], values: Sequence[Row], version: int, now: datetime, actor: str
) -> None:
    """Add one entry: what was changed, and a digest of the new settings. The table of the history has the rest."""
    facts = [[each["subject"], each["slug"], each["action"], each["settings"]] for each in values]
    body = write_body(
        changes=[fact[:-1] for fact in facts[:_MOST_NAMED]],
        count=len(facts),
        sha256=hashlib.sha256(msgspec.json.encode(facts)).hexdigest(),
    )
    append(connection, actor, "policy.change", f"version {version}", body=body, at=now)


def list_history(connection: Connection[Any], *, source: str | None = None, limit: int | None = None) -> list[Row]:
    """List changes, the newest first. Raises `NotFound` if no source has that slug."""
    with connection.cursor(row_factory=dict_row) as cursor:
        if source is not None and cursor.execute(sql("find_any_source"), (source,)).fetchone() is None:
            raise NotFound(f"source {source} does not exist; run: postledger source list")
        values = {"source": source, "limit": limit, "selftest": SELFTEST}
        return cursor.execute(sql("list_history"), values).fetchall()


def _describe(change: Change) -> Changed:
    settings = None if change.target is None else _write_settings(change.target)
    return Changed(change.kind, change.name, change.action, settings, change.keys)


def _write_settings(item: Item) -> object:
    if isinstance(item, SourceConfig):
        return {"name": item.name, **msgspec.to_builtins(item.settings)}
    if isinstance(item, ForwardConfig):
        return msgspec.to_builtins(item.forward)
    if isinstance(item, NotifyConfig):
        return write_notify(item)
    if isinstance(item, ExportConfig):
        return msgspec.to_builtins(item.settings)
    if isinstance(item, BankAccountConfig):
        return msgspec.to_builtins(item.account)
    return msgspec.to_builtins(item.payee if isinstance(item, PayeeConfig) else item)

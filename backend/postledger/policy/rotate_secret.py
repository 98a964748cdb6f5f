"""Rotates the secrets of a source: generates a new one beside the live ones, and retires the older ones."""

import base64
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from psycopg import Connection

from postledger.platform.keyring import Keyring
from postledger.platform.postgres.sql import statements_of
from postledger.policy.history import Changed, record
from postledger.policy.source import Settings, find_profile
from postledger.policy.source_secrets import SourceSecrets, StoredSecret
from postledger.policy.store import increment_version, lock_policy, read_stored_settings
from postledger.signatures.profile_checks import check_secrets
from postledger.vocabulary.operator_error import NotFound, NotPossible

sql = statements_of("postledger.policy")

_SECRET_BYTES = 32
_SEE_DOCTOR = "nothing was changed; run: postledger doctor"


class Rotated(msgspec.Struct, frozen=True):
    """The new secret of a source, how many older ones stay live, and how many were retired."""

    secret: str
    kept: int
    retired: int = 0


class Retired(msgspec.Struct, frozen=True):
    """How many secrets were retired, and whether the one that stays has ever matched a signature."""

    retired: int
    has_matched: bool


def list_secrets(connection: Connection[Any], keyring: Keyring, slug: str) -> list[StoredSecret]:
    """List the live secrets of a source, newest first. Raises `NotFound`."""
    return _read(SourceSecrets(connection, keyring), slug)[1]


def rotate_secret(
    connection: Connection[Any], keyring: Keyring, slug: str, now: datetime, *, actor: str, leaked: bool = False
) -> Rotated:
    """Generate a secret and store it beside the live ones, which all stay valid unless one of them `leaked`.

    Raises `NotFound`, or `NotPossible` if the source takes no secret of ours or one of its secrets cannot be decrypted.
    """
    with connection.transaction():
        lock_policy(connection)
        store = SourceSecrets(connection, keyring)
        source_id, stored = _read(store, slug)
        older = [one.secret for one in stored if one.secret is not None]
        if len(older) < len(stored):  # it would be deleted, although its master key may only be missing
            raise NotPossible(f"a secret of {slug} cannot be decrypted; {_SEE_DOCTOR}")
        fresh = generate_secret(slug, _read_settings(connection, slug))
        if leaked:
            store.retire(source_id, now)
        store.replace(source_id, [fresh] if leaked else [fresh, *older], now)
        _record(connection, slug, "rotate", now, actor)
    return Rotated(fresh, 0, len(older)) if leaked else Rotated(fresh, len(older))


def retire_secrets(
    connection: Connection[Any], keyring: Keyring, slug: str, now: datetime, *, actor: str, force: bool = False
) -> Retired:
    """Retire all secrets of a source except the newest.

    Raises `NotFound`, or `NotPossible`, for example if the newest was never used: `force` then retires the others.
    """
    with connection.transaction():
        lock_policy(connection)
        store = SourceSecrets(connection, keyring)
        source_id, stored = _read(store, slug)
        newest = _find_newest(slug, stored)
        if len(stored) > 1 and newest.last_matched_at is None and not force:
            raise NotPossible(
                f"the newest secret of {slug} was never used, and the sender may still sign with an older one; nothing"
                " was changed. Wait for its first match, or add --force"
            )
        store.retire(source_id, now, kept=[newest.id])
        _record(connection, slug, "retire secrets", now, actor)
    return Retired(len(stored) - 1, newest.last_matched_at is not None)


def generate_secret(slug: str, settings: Settings) -> str:
    """Generate a secret of the form that the source's profile needs. Raises `NotPossible`."""
    if settings.auth == "none":
        raise NotPossible(f'{slug} has auth = "none" and uses no secret; nothing was changed')
    generated = secrets.token_bytes(_SECRET_BYTES)
    is_token = settings.auth == "token"  # a token can be part of a path, which base64 cannot
    fresh = secrets.token_urlsafe(_SECRET_BYTES) if is_token else "whsec_" + base64.b64encode(generated).decode()
    try:
        check_secrets(find_profile(settings), [fresh])
    except ValueError:  # the profile needs a public key, and only the sender has its private key
        raise NotPossible(
            f"cannot generate a secret for {slug}: its profile uses the sender's public key; nothing was changed."
            " Add the new key to the TOML file and run postledger apply"
        ) from None
    return fresh


def _record(connection: Connection[Any], slug: str, action: str, now: datetime, actor: str) -> None:
    row = connection.execute(sql("find_settings"), (slug,)).fetchone()
    changed = Changed("source", slug, action, row and row[0], ("secrets",))
    record(connection, [changed], increment_version(connection), now, actor)


def _find_newest(slug: str, stored: Sequence[StoredSecret]) -> StoredSecret:
    if not stored:
        raise NotPossible(f"{slug} has no secret to retire; nothing was changed")
    if stored[0].secret is None:
        raise NotPossible(f"the newest secret of {slug} cannot be decrypted; {_SEE_DOCTOR}")
    return stored[0]


def _read(store: SourceSecrets, slug: str) -> tuple[int, list[StoredSecret]]:
    source_id = store.find_source(slug)
    if source_id is None:
        raise NotFound(f"source {slug} does not exist; run: postledger source list")
    return source_id, store.read(source_id)


def _read_settings(connection: Connection[Any], slug: str) -> Settings:
    row = connection.execute(sql("find_settings"), (slug,)).fetchone()
    settings = None if row is None else read_stored_settings(row[0])
    if settings is None:
        raise NotPossible(f"the settings of {slug} cannot be read; {_SEE_DOCTOR}")
    return settings

"""Reads the policy for the backend: all of it, whenever its version has changed."""

import logging
import re
from collections import defaultdict
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec
from psycopg import Connection

from postledger.platform.keyring import Keyring, WrongMasterKey
from postledger.platform.postgres.sql import statements_of
from postledger.policy.instance_keys import Name, open_key
from postledger.policy.policy import Campaign, Policy, Unusable, salvage
from postledger.policy.source import Settings, Source, find_profile
from postledger.signatures.profile_checks import check_secrets
from postledger.signatures.profile_schema import Profile
from postledger.signatures.secret_key import Key

sql = statements_of("postledger.policy")

_PATH = re.compile(r"`(\$[^`]*)`")  # in a message of msgspec: Expected `str`, got `int` - at `$.mode`
_log = logging.getLogger("postledger.policy")


def read_version(connection: Connection[Any]) -> int:
    """Read the number that every change of the policy increments."""
    row = connection.execute(sql("read_version")).fetchone()
    assert row is not None, "the first migration inserts the only row"
    return int(row[0])


class _Stored(NamedTuple):
    """One source as it is stored: everything that its compiled form depends on."""

    id: int
    slug: str
    settings: str
    secrets: tuple[tuple[int, bytes], ...]  # id and ciphertext of each, newest first
    pii_key: bytes | None
    click_key: bytes | None


class PolicyReader:
    """Reads the policy repeatedly, and compiles again only the sources that have changed.

    Decrypting and compiling a source takes a fraction of a millisecond, and blocks the worker for that time. With a
    thousand sources the worker would stand still for each change of one of them.
    """

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring
        self._read: dict[_Stored, Source | Unusable] = {}

    def load(self, connection: Connection[Any]) -> Policy:
        """Read the whole policy in one snapshot, with the live keys of each source."""
        keys = [_open_key(connection, self._keyring, name) for name in ("pii", "click")]
        with connection.transaction():
            connection.execute(sql("begin_snapshot"))
            version = read_version(connection)
            stored = _list_stored(connection, *keys)
            campaigns = [Campaign(*row) for row in connection.execute(sql("load_campaigns")).fetchall()]
        alike = {one.settings: source for one, source in self._read.items() if isinstance(source, Source)}
        self._read = {one: self._read.get(one) or _read_source(one, self._keyring, alike) for one in stored}
        return Policy(
            version=version,
            sources={one.slug: source for one, source in self._read.items() if isinstance(source, Source)},
            campaigns={campaign.slug: campaign for campaign in campaigns},
            campaign_slugs={campaign.id: campaign.slug for campaign in campaigns},
            unusable={one.slug: source for one, source in self._read.items() if isinstance(source, Unusable)},
            click_key=keys[1],
        )


def load_policy(connection: Connection[Any], keyring: Keyring) -> Policy:
    """Read the policy once."""
    return PolicyReader(keyring).load(connection)


def read_settings(connection: Connection[Any]) -> list[tuple[str, object]]:
    """Read the slug and the stored settings of each source in force."""
    return connection.execute(sql("read_settings")).fetchall()


def find_fault(document: object) -> str | None:
    """Find what this release cannot read of stored settings: a path (`$.mode`) or a part. None if it can read all."""
    try:
        settings = msgspec.convert(document, Settings)
    except msgspec.ValidationError as error:  # the message quotes a value, the path in it does not
        found = _PATH.search(str(error))
        return found[1] if found else "$"
    try:
        Source(0, "", settings, profile=find_profile(settings)).compile()
    except ValueError:
        return "the signature profile"
    return None


def _list_stored(connection: Connection[Any], pii_key: bytes | None, click_key: bytes | None) -> list[_Stored]:
    secrets = defaultdict[int, list[tuple[int, bytes]]](list)
    for secret_id, source_id, ciphertext in connection.execute(sql("load_secrets")).fetchall():
        secrets[source_id].append((secret_id, bytes(ciphertext)))
    rows = connection.execute(sql("load_sources")).fetchall()
    return [
        _Stored(number, slug, settings, tuple(secrets[number]), pii_key, click_key) for number, slug, settings in rows
    ]


def _read_source(stored: _Stored, keyring: Keyring, alike: dict[str, Source]) -> Source | Unusable:
    """Read one source, and add it to those by settings. A fault in it must not affect any other source."""
    document, keys = msgspec.json.decode(stored.settings), _read_keys(stored, keyring)
    try:
        source = _compile(stored, document, keys, alike.get(stored.settings))
    except ValueError as error:  # msgspec's errors too; the fault is ours, therefore senders get 503 and retry
        message = "the settings of source %d cannot be used (%s); it gets 503 until they are applied again"
        _log.error(message, stored.id, type(error).__name__)
        return salvage(document, tuple(keys))
    alike.setdefault(stored.settings, source)
    if source.keys or not stored.secrets or source.settings.auth == "none":
        return source
    _log.error("no secret of source %d can be used; it gets 503 until one can", stored.id)
    return salvage(document, ())


def _compile(stored: _Stored, document: object, keys: list[Key], alike: Source | None) -> Source:
    settings = alike.settings if alike else msgspec.convert(document, Settings)
    profile = alike.profile if alike else find_profile(settings)
    usable = _select_usable(keys, profile, stored.id)
    source = Source(stored.id, stored.slug, settings, usable, profile, stored.pii_key, stored.click_key)
    source.compile(alike)
    return source


def _open_key(connection: Connection[Any], keyring: Keyring, name: Name) -> bytes | None:
    try:
        return open_key(connection, keyring, name, datetime.now(UTC))
    except (WrongMasterKey, ValueError) as error:  # personal data are masked then, and no click id can be verified
        _log.error("the key %r of this ledger cannot be used: %s", name, type(error).__name__)
        return None


def _select_usable(keys: list[Key], profile: Profile, source_id: int) -> tuple[Key, ...]:
    usable = []
    for key in keys:
        try:
            check_secrets(profile, [key.secret])
        except ValueError as error:  # the source keeps its other secrets
            _log.error("secret %d of source %d cannot be used: %s", key.secret_id, source_id, type(error).__name__)
            continue
        usable.append(key)
    return tuple(usable)


def _read_keys(stored: _Stored, keyring: Keyring) -> list[Key]:
    keys = []
    for secret_id, ciphertext in stored.secrets:
        try:
            keys.append(Key.from_secret(secret_id, keyring.decrypt(ciphertext)))
        except (WrongMasterKey, ValueError) as error:  # the source keeps its other secrets
            _log.error("secret %d of source %d cannot be used: %s", secret_id, stored.id, type(error).__name__)
    return keys

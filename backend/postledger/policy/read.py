"""The policy as Postgres keeps it: read whole by the backend, whenever its version has moved on."""

import logging
import re
from collections import defaultdict
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec
from psycopg import Connection

from postledger.platform.keyring import Keyring, WrongMasterKey
from postledger.policy.pii_key import open_pii_key
from postledger.policy.policy import Campaign, Policy, Unusable, salvage
from postledger.policy.source import Settings, Source, find_profile
from postledger.signatures.profile_checks import check_secrets
from postledger.signatures.profile_schema import Profile
from postledger.signatures.secret_key import Key

_PATH = re.compile(r"`(\$[^`]*)`")  # in what msgspec says: Expected `str`, got `int` - at `$.mode`
_log = logging.getLogger("postledger.policy")

_SOURCES = "SELECT id, slug, settings::text FROM sources WHERE removed_at IS NULL"
_SECRETS = "SELECT id, source_id, ciphertext FROM source_secrets ORDER BY source_id, position"
_CAMPAIGNS = "SELECT id, slug, destination FROM campaigns WHERE removed_at IS NULL"


def read_version(connection: Connection[Any]) -> int:
    """Read the number that every change of the policy raises."""
    row = connection.execute("SELECT version FROM policy_version").fetchone()
    assert row is not None, "the first migration writes the only row"
    return int(row[0])


class _Stored(NamedTuple):
    """All that is stored of one source, and all that its compiled form is made from."""

    id: int
    slug: str
    settings: str
    secrets: tuple[tuple[int, bytes], ...]  # id and ciphertext of each, in their order
    pii_key: bytes | None


class PolicyReader:
    """Reads the policy again and again.

    To decrypt and compile a source takes a fraction of a millisecond, in which the worker answers nobody. One that is
    stored as it was stays as it was, so that a change among a thousand sources costs what changed.
    """

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring
        self._read: dict[_Stored, Source | Unusable] = {}

    def load(self, connection: Connection[Any]) -> Policy:
        """Read the whole policy in one snapshot, with each source's live keys."""
        pii_key = _open_pii_key(connection, self._keyring)
        with connection.transaction():
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            version = read_version(connection)
            stored = _list_stored(connection, pii_key)
            campaigns = [Campaign(*row) for row in connection.execute(_CAMPAIGNS).fetchall()]
        self._read = {one: self._read.get(one) or _read_source(one, self._keyring) for one in stored}
        return Policy(
            version=version,
            sources={one.slug: source for one, source in self._read.items() if isinstance(source, Source)},
            campaigns={campaign.slug: campaign for campaign in campaigns},
            campaign_slugs={campaign.id: campaign.slug for campaign in campaigns},
            unusable={one.slug: source for one, source in self._read.items() if isinstance(source, Unusable)},
        )


def load_policy(connection: Connection[Any], keyring: Keyring) -> Policy:
    """Read the policy once."""
    return PolicyReader(keyring).load(connection)


def find_fault(document: object) -> str | None:
    """Find where stored settings make no sense to this release, as a path (`$.mode`) or a part; None where all does."""
    try:
        settings = msgspec.convert(document, Settings)
    except msgspec.ValidationError as error:  # its message quotes a value, its path does not
        found = _PATH.search(str(error))
        return found[1] if found else "$"
    try:
        Source(0, "", settings, profile=find_profile(settings)).compile()
    except ValueError:
        return "the signature profile"
    return None


def _list_stored(connection: Connection[Any], pii_key: bytes | None) -> list[_Stored]:
    secrets = defaultdict[int, list[tuple[int, bytes]]](list)
    for secret_id, source_id, ciphertext in connection.execute(_SECRETS).fetchall():
        secrets[source_id].append((secret_id, bytes(ciphertext)))
    rows = connection.execute(_SOURCES).fetchall()
    return [_Stored(number, slug, settings, tuple(secrets[number]), pii_key) for number, slug, settings in rows]


def _read_source(stored: _Stored, keyring: Keyring) -> Source | Unusable:
    """Read one source; what is wrong with it may cost it its postbacks, and no other source anything."""
    document, keys = msgspec.json.decode(stored.settings), _read_keys(stored, keyring)
    try:
        source = _compile(stored, msgspec.convert(document, Settings), keys)
    except ValueError as error:  # of msgspec too; ours is the fault, so senders are told to come again
        told = "the settings of source %d cannot be used (%s); it is answered 503 until they are applied anew"
        _log.error(told, stored.id, type(error).__name__)
        return salvage(document, tuple(keys))
    if source.keys or not stored.secrets or source.settings.auth == "none":
        return source
    _log.error("no secret of source %d can be used; it is answered 503 until one can", stored.id)
    return salvage(document, ())


def _compile(stored: _Stored, settings: Settings, keys: list[Key]) -> Source:
    profile = find_profile(settings)
    usable = _usable(keys, profile, stored.id)
    source = Source(stored.id, stored.slug, settings, usable, profile, stored.pii_key)
    source.compile()
    return source


def _open_pii_key(connection: Connection[Any], keyring: Keyring) -> bytes | None:
    try:
        return open_pii_key(connection, keyring, datetime.now(UTC))
    except (WrongMasterKey, ValueError) as error:  # without it personal data are masked, and cannot be joined
        _log.error("the key of the hashes of personal data cannot be used: %s", type(error).__name__)
        return None


def _usable(keys: list[Key], profile: Profile, source_id: int) -> tuple[Key, ...]:
    usable = []
    for key in keys:
        try:
            check_secrets(profile, [key.secret])
        except ValueError as error:  # the source goes on with the others that it has
            _log.error("secret %d of source %d cannot be used: %s", key.secret_id, source_id, type(error).__name__)
            continue
        usable.append(key)
    return tuple(usable)


def _read_keys(stored: _Stored, keyring: Keyring) -> list[Key]:
    keys = []
    for secret_id, ciphertext in stored.secrets:
        try:
            keys.append(Key.from_secret(secret_id, keyring.decrypt(ciphertext)))
        except (WrongMasterKey, ValueError) as error:  # the source goes on with the others that it has
            _log.error("secret %d of source %d cannot be used: %s", secret_id, stored.id, type(error).__name__)
    return keys

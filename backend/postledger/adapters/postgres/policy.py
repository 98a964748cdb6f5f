"""The policy as Postgres keeps it: read whole by the backend, whenever its version has moved on."""

import logging
import re
from datetime import UTC, datetime
from typing import Any

import msgspec
from psycopg import Connection

from postledger.adapters.keyring import Keyring, WrongMasterKey
from postledger.adapters.postgres.pii_key import open_pii_key
from postledger.domain.policy import Campaign, Policy, Unusable, salvage
from postledger.domain.profiles.check import check_secrets
from postledger.domain.profiles.format import Profile
from postledger.domain.signing import Key
from postledger.domain.source import Settings, Source, find_profile

_Row = tuple[int, str, object]  # id, slug, settings

_PATH = re.compile(r"`(\$[^`]*)`")  # in what msgspec says: Expected `str`, got `int` - at `$.mode`
_log = logging.getLogger("postledger.policy")

_SOURCES = "SELECT id, slug, settings FROM sources WHERE removed_at IS NULL"
_SECRETS = "SELECT id, source_id, ciphertext FROM source_secrets ORDER BY source_id, position"
_CAMPAIGNS = "SELECT id, slug, destination FROM campaigns WHERE removed_at IS NULL"


def read_version(connection: Connection[Any]) -> int:
    """Read the number that every change of the policy raises."""
    row = connection.execute("SELECT version FROM policy_version").fetchone()
    assert row is not None, "the first migration writes the only row"
    return int(row[0])


def load_policy(connection: Connection[Any], keyring: Keyring) -> Policy:
    """Read the whole policy in one snapshot, with each source's live keys."""
    pii_key = _open_pii_key(connection, keyring)
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        version = read_version(connection)
        keys = _load_keys(connection, keyring)
        rows = connection.execute(_SOURCES).fetchall()
        sources = {row[1]: _read_source(row, keys, pii_key) for row in rows}
        campaigns = [Campaign(*row) for row in connection.execute(_CAMPAIGNS).fetchall()]
    return Policy(
        version=version,
        sources={slug: source for slug, source in sources.items() if isinstance(source, Source)},
        campaigns={campaign.slug: campaign for campaign in campaigns},
        campaign_slugs={campaign.id: campaign.slug for campaign in campaigns},
        unusable={slug: source for slug, source in sources.items() if isinstance(source, Unusable)},
    )


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


def _read_source(row: _Row, keys: dict[int, list[Key]], pii_key: bytes | None) -> Source | Unusable:
    """Read one source; what is wrong with it may cost it its postbacks, and no other source anything."""
    source_id, _, document = row
    live = keys.get(source_id, [])
    try:
        source = _source(row, live, pii_key)
    except ValueError as error:  # of msgspec too; ours is the fault, so senders are told to come again
        told = "the settings of source %d cannot be used (%s); it is answered 503 until they are applied anew"
        _log.error(told, source_id, type(error).__name__)
        return salvage(document, tuple(live))
    if source.keys or source_id not in keys or source.settings.auth == "none":
        return source
    _log.error("no secret of source %d can be used; it is answered 503 until one can", source_id)
    return salvage(document, ())


def _source(row: _Row, keys: list[Key], pii_key: bytes | None) -> Source:
    source_id, slug, document = row
    settings = msgspec.convert(document, Settings)
    profile = find_profile(settings)
    source = Source(source_id, slug, settings, _usable(keys, profile, source_id), profile, pii_key)
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


def _load_keys(connection: Connection[Any], keyring: Keyring) -> dict[int, list[Key]]:
    """Read the live keys of each source that has a secret; of one none of whose secrets can be read, an empty list."""
    keys: dict[int, list[Key]] = {}
    for secret_id, source_id, ciphertext in connection.execute(_SECRETS).fetchall():
        own = keys.setdefault(source_id, [])
        try:
            key = Key.from_secret(secret_id, keyring.decrypt(bytes(ciphertext)))
        except (WrongMasterKey, ValueError) as error:  # the source goes on with the others that it has
            _log.error("secret %d of source %d cannot be used: %s", secret_id, source_id, type(error).__name__)
            continue
        own.append(key)
    return keys

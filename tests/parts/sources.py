"""Puts sources, campaigns and clicks into a ledger as an operator would have them, without going through the CLI.

Apart from the fixtures because tests add what each of them needs, also while a backend runs and must notice.
"""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg import Connection
from psycopg.types.json import Jsonb

from postledger.platform.keyring import Keyring

_ADD_SOURCE = """
INSERT INTO sources (slug, name, settings, created_at, updated_at) VALUES (%s, %s, %s, %s, %s) RETURNING id
"""
_ADD_SECRET = "INSERT INTO source_secrets (source_id, position, ciphertext, created_at) VALUES (%s, %s, %s, %s)"
_ADD_CAMPAIGN = """
INSERT INTO campaigns (slug, name, destination, created_at, updated_at) VALUES (%s, %s, %s, %s, %s) RETURNING id
"""
_ADD_CLICK = "INSERT INTO clicks (click_id, campaign_id, affiliate_id, created_at) VALUES (%s, %s, %s, %s)"

UNLIMITED: dict[str, Any] = {"rate": 1_000_000, "burst": 1_000_000}
"""Settings for a source whose tests are about something else than how fast it may speak."""


def add_source(
    url: str,
    master_key: str,
    slug: str,
    secrets: Sequence[str] = ("s3cret-current",),
    settings: dict[str, Any] | None = None,
) -> int:
    """Add a source with its live secrets, newest first, and give its id; `settings` is `domain.source.Settings`."""
    now = datetime.now(UTC)
    keyring = Keyring([master_key])
    with psycopg.connect(url) as connection:
        source_id = _insert(connection, _ADD_SOURCE, (slug, slug.title(), Jsonb(settings or {}), now, now))
        for position, secret in enumerate(secrets):
            connection.execute(_ADD_SECRET, (source_id, position, keyring.encrypt(secret), now))
        _raise_version(connection)
    return source_id


def change_source(url: str, slug: str, settings: dict[str, Any]) -> None:
    """Replace the settings of a source."""
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE sources SET settings = %s WHERE slug = %s", (Jsonb(settings), slug))
        _raise_version(connection)


def remove(url: str, table: str, slug: str) -> None:
    """Retire a source or a campaign, as `apply --prune` does."""
    with psycopg.connect(url) as connection:
        connection.execute(f"UPDATE {table} SET removed_at = now() WHERE slug = %s".encode(), (slug,))
        _raise_version(connection)


def add_campaign(
    url: str, slug: str, destination: str = "https://shop.example/?cid={click_id}&a={affiliate_id}"
) -> int:
    """Add a campaign and give its id."""
    now = datetime.now(UTC)
    with psycopg.connect(url) as connection:
        campaign_id = _insert(connection, _ADD_CAMPAIGN, (slug, slug.title(), destination, now, now))
        _raise_version(connection)
    return campaign_id


def add_click(url: str, click_id: str, campaign_id: int | None = None, affiliate_id: str | None = None) -> None:
    """Add a click; no version is raised, because clicks are not policy."""
    with psycopg.connect(url) as connection:
        connection.execute(_ADD_CLICK, (click_id, campaign_id, affiliate_id, datetime.now(UTC)))


def _insert(connection: Connection[Any], statement: str, values: tuple[object, ...]) -> int:
    row = connection.execute(statement.encode(), values).fetchone()
    assert row is not None, "INSERT ... RETURNING gives the row that it made"
    return int(row[0])


def _raise_version(connection: Connection[Any]) -> None:
    connection.execute("UPDATE policy_version SET version = version + 1")


def add_bare_source(connection: Connection[Any]) -> tuple[int, str]:
    """Add a source without secrets over a connection, and give its id and a slug of its own."""
    now, slug = datetime.now(UTC), f"source-{uuid.uuid4().hex[:12]}"
    row = connection.execute(_ADD_SOURCE, (slug, slug, Jsonb({}), now, now)).fetchone()
    assert row is not None, "the statement returns the id"
    return row[0], slug

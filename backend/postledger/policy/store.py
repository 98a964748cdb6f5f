"""The policy as the command line keeps it: sources, campaigns, affiliates, read as configuration, written by change.

The backend reads the same tables through `policy.py`; there a request needs keys and ids, here an operator needs names.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from psycopg import Connection

from postledger.platform.keyring import Keyring
from postledger.platform.postgres.sql import statements_of
from postledger.policy.config_file import (
    AffiliateConfig,
    CampaignConfig,
    Configuration,
    SourceConfig,
    index_configuration,
)
from postledger.policy.diff import Action, Change, Kind, Stored
from postledger.policy.source import Settings
from postledger.policy.source_secrets import SourceSecrets

sql = statements_of("postledger.policy")

_SOURCES = "SELECT id, slug, name, settings FROM sources WHERE (removed_at IS NULL) = %s ORDER BY slug"
_CAMPAIGNS = "SELECT slug, name, destination FROM campaigns WHERE (removed_at IS NULL) = %s ORDER BY slug"
_AFFILIATES = "SELECT id, name FROM affiliates WHERE (removed_at IS NULL) = %s ORDER BY id"
_RETIRE = {
    "source": "UPDATE sources SET removed_at = %s WHERE slug = %s",
    "campaign": "UPDATE campaigns SET removed_at = %s WHERE slug = %s",
    "affiliate": "UPDATE affiliates SET removed_at = %s WHERE id = %s",
}


def lock_policy(connection: Connection[Any]) -> None:
    """Make whoever else would change the policy wait until this transaction ends."""
    connection.execute("SELECT version FROM policy_version FOR UPDATE")


def read_stored_settings(document: object) -> Settings | None:
    """Read a source's settings as they are stored; None where they make no sense, as a newer release's may."""
    try:
        return msgspec.convert(document, Settings)
    except msgspec.ValidationError:
        return None


def raise_version(connection: Connection[Any]) -> None:
    """Have every running worker read the policy anew."""
    connection.execute("UPDATE policy_version SET version = version + 1")


class PolicyStore:
    """Reads and writes the policy over one connection; transactions are the caller's."""

    def __init__(self, connection: Connection[Any], keyring: Keyring) -> None:
        self._connection = connection
        self._secrets = SourceSecrets(connection, keyring)

    def read(self) -> Stored:
        """Read what is in force and what was retired, secrets included."""
        return Stored(self._read(in_force=True), self._read(in_force=False))

    def write(self, changes: Iterable[Change], now: datetime) -> bool:
        """Carry changes out; the version is raised only when there was one. Tells whether there was."""
        real = [change for change in changes if change.action is not Action.LEAVE]
        for change in real:
            self._write_one(change, now)
        if real:
            raise_version(self._connection)
        return bool(real)

    def _read(self, *, in_force: bool) -> Configuration:
        campaigns = self._connection.execute(_CAMPAIGNS, (in_force,)).fetchall()
        affiliates = self._connection.execute(_AFFILIATES, (in_force,)).fetchall()
        return index_configuration(
            self._read_sources(in_force=in_force),
            [CampaignConfig(*row) for row in campaigns],
            [AffiliateConfig(*row) for row in affiliates],
        )

    def _read_sources(self, *, in_force: bool) -> Sequence[SourceConfig]:
        rows = self._connection.execute(_SOURCES, (in_force,)).fetchall()
        return [
            _make_config(slug, name, read_stored_settings(document), self._secrets.read_all(source_id))
            for source_id, slug, name, document in rows
        ]

    def _write_one(self, change: Change, now: datetime) -> None:
        match change.wanted:
            case None:
                self._retire(change.kind, change.name, now)
            case SourceConfig() as source:
                self._write_source(source, now)
            case CampaignConfig() as campaign:
                values = (campaign.slug, campaign.name, campaign.destination, now)
                self._connection.execute(sql("upsert_campaign"), values)
            case AffiliateConfig() as affiliate:
                self._connection.execute(sql("upsert_affiliate"), (affiliate.id, affiliate.name, now))

    def _retire(self, kind: Kind, name: str, now: datetime) -> None:
        self._connection.execute(_RETIRE[kind].encode(), (now, name))

    def _write_source(self, source: SourceConfig, now: datetime) -> None:
        settings = msgspec.json.encode(source.settings).decode()
        row = self._connection.execute(sql("upsert_source"), (source.slug, source.name, settings, now)).fetchone()
        assert row is not None, "an upsert always gives a row"
        if source.secrets is not None:
            self._secrets.replace(row[0], source.secrets, now)


def _make_config(slug: str, name: str, settings: Settings | None, secrets: tuple[str, ...] | None) -> SourceConfig:
    return SourceConfig(slug, name, settings or Settings(), secrets, is_readable=settings is not None)

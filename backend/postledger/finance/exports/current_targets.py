"""Keeps the targets of exports that are in force. They are opened again whenever the configuration has changed."""

import logging
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from psycopg import Connection

from postledger.finance.exports.target import Secrets, Target
from postledger.finance.rules.export_settings import ExportSettings
from postledger.platform.keyring import Keyring
from postledger.policy.export_store import ExportStore
from postledger.policy.read import read_version

_log = logging.getLogger("postledger.export")

OpenTarget = Callable[[ExportSettings, Secrets], Target]


class _Configured(msgspec.Struct, frozen=True):
    """The settings and secrets of a target, by which a change of them is seen."""

    settings: ExportSettings
    secrets: tuple[tuple[str, str], ...]


class CurrentTargets:
    """The targets by their slug. One that cannot be used is missing: its bills wait."""

    def __init__(self, keyring: Keyring, open_target: OpenTarget) -> None:
        self._keyring, self._open_target = keyring, open_target
        self.version = -1
        self._opened: dict[_Configured, Target] = {}
        self._targets: Mapping[str, Target] = {}

    def find(self, connection: Connection[Any]) -> Mapping[str, Target]:
        """Return the targets as of now. One whose configuration did not change stays the same object."""
        version = read_version(connection)
        if version != self.version:
            self._reopen(connection)
            self.version = version
        return self._targets

    def close(self) -> None:
        """Close all targets."""
        for target in self._opened.values():
            target.close()
        self._opened, self._targets, self.version = {}, {}, -1

    def _reopen(self, connection: Connection[Any]) -> None:
        usable = dict(self._read(connection))
        kept = {key: target for key, target in self._opened.items() if key in usable.values()}
        for key in self._opened.keys() - kept.keys():
            self._opened[key].close()
        self._opened = {key: kept.get(key) or self._open(key) for key in usable.values()}
        self._targets = {slug: self._opened[key] for slug, key in usable.items()}

    def _read(self, connection: Connection[Any]) -> list[tuple[str, _Configured]]:
        found = []
        for config in ExportStore(connection, self._keyring).read(in_force=True):
            slug = config.settings.slug
            if config.secrets is None or not config.is_readable:
                why = "a secret cannot be decrypted" if config.is_readable else "its settings cannot be read"
                _log.error("export %s is not used: %s; its bills wait", slug, why)
            else:
                found.append((slug, _Configured(config.settings, tuple(config.secrets.items()))))
        return found

    def _open(self, key: _Configured) -> Target:
        return self._open_target(key.settings, dict(key.secrets))

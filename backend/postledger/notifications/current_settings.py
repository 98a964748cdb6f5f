"""Keeps what `[notify]` says. It is read again whenever the configuration has changed."""

from typing import Any

from psycopg import Connection

from postledger.platform.keyring import Keyring
from postledger.policy.notify_config import NotifyConfig
from postledger.policy.notify_store import NotifyStore
from postledger.policy.read import read_version


class CurrentSettings:
    """The settings in force, with their secrets. None without `[notify]`."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring, self._version = keyring, -1
        self._config: NotifyConfig | None = None

    def find(self, connection: Connection[Any]) -> NotifyConfig | None:
        """Return the settings as of now."""
        version = read_version(connection)
        if version != self._version:
            with connection.transaction():
                self._config = NotifyStore(connection, self._keyring).read()
            self._version = version
        return self._config

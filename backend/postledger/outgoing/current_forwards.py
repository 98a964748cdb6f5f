"""Keeps the forwards that are in force. They are loaded again whenever the configuration has changed."""

from collections.abc import Iterable, Mapping
from typing import Any

from psycopg import Connection

from postledger.outgoing.store import load_forwards
from postledger.outgoing.target import Target
from postledger.platform.keyring import Keyring
from postledger.policy.read import read_version


class CurrentForwards:
    """The forwards by their slug."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring, self._version = keyring, -1
        self._targets: dict[str, Target] = {}

    def find(self, connection: Connection[Any]) -> Mapping[str, Target]:
        """Return the forwards as of now: a change that follows `apply` must not meet those from before."""
        version = read_version(connection)
        if version != self._version:
            self._targets = _by_slug(load_forwards(connection, self._keyring))
            self._version = version
        return self._targets


def _by_slug(targets: Iterable[Target]) -> dict[str, Target]:
    return {target.forward.slug: target for target in targets}

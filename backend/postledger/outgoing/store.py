"""Loads the forwards in force with their secrets, as the worker and the command line need them."""

import logging
from collections.abc import Sequence
from typing import Any

import msgspec
from psycopg import Connection

from postledger.outgoing.rules.forward import Forward, Match
from postledger.outgoing.target import Target
from postledger.platform.keyring import Keyring, WrongMasterKey
from postledger.platform.postgres.sql import statements_of

_log = logging.getLogger(__name__)

sql = statements_of("postledger.outgoing")


_UNREADABLE_URL = "http://unreadable.invalid/"


def load_forwards(connection: Connection[Any], keyring: Keyring) -> list[Target]:
    """Load all forwards in force. A fault in one of them never affects the others.

    One that cannot be used has no secrets (None): changes are queued for it, and nothing is sent until it can be.
    """
    rows = connection.execute(sql("load_forwards")).fetchall()
    return [_load(slug, settings, [bytes(secret) for secret in secrets], keyring) for slug, settings, secrets in rows]


def _load(slug: str, settings: object, ciphertexts: Sequence[bytes], keyring: Keyring) -> Target:
    try:
        forward = msgspec.convert(settings, Forward)
        _ = forward.template
    except ValueError:  # msgspec's errors too; a newer release may have written them
        _log.error("the settings of forward %s cannot be read; nothing is sent until they are applied again", slug)
        return Target(Forward(slug, _UNREADABLE_URL, match=_salvage_match(settings)), None)
    return Target(forward, _decrypt(slug, ciphertexts, keyring))


def _salvage_match(settings: object) -> Match:
    """Read what the forward matches. If even that cannot be read, every change waits for it: none is lost."""
    try:
        return msgspec.convert(settings.get("match", {}) if isinstance(settings, dict) else {}, Match)
    except msgspec.ValidationError:
        return Match()


def _decrypt(slug: str, ciphertexts: Sequence[bytes], keyring: Keyring) -> tuple[str, ...] | None:
    try:
        return tuple(keyring.decrypt(ciphertext) for ciphertext in ciphertexts)
    except WrongMasterKey:
        _log.error("no master key decrypts a secret of forward %s; nothing is sent until one does", slug)
        return None

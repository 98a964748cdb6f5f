"""The worker loads forwards with their secrets; one that cannot be used never stops the others."""

from datetime import UTC, datetime

import msgspec
import psycopg

from postledger.outgoing.rules.forward import Forward, Match
from postledger.outgoing.store import load_forwards
from postledger.outgoing.target import Target
from postledger.platform.keyring import Keyring
from postledger.platform.postgres.connection import connect
from postledger.vocabulary.statuses import Status

OTHER_KEY = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
NOW = datetime(2026, 10, 31, tzinfo=UTC)
MATCH = Match(source=("acme",), status=(Status.APPROVED,))


def _store(database: str, forward: Forward, secrets: list[bytes], changes: str = "{}") -> None:
    with psycopg.connect(database) as connection:
        connection.execute(
            "INSERT INTO forwards (slug, settings, created_at, updated_at) VALUES (%s, %s::jsonb || %s::jsonb, %s, %s)",
            (forward.slug, msgspec.json.encode(forward).decode(), changes, NOW, NOW),
        )
        for position, secret in enumerate(secrets):
            connection.execute(
                "INSERT INTO forward_secrets (slug, position, ciphertext, created_at) VALUES (%s, %s, %s, %s)",
                (forward.slug, position, secret, NOW),
            )


def _load(database: str, master_key: str) -> list[Target]:
    with connect(database, name="test", statement_timeout_ms=60_000) as connection:
        return load_forwards(connection, Keyring([master_key]))


def test_a_forward_is_loaded_with_its_secrets_newest_first(database: str, master_key: str) -> None:
    keyring, forward = Keyring([master_key]), Forward("a", "http://a.example/{secret}", match=MATCH)
    _store(database, forward, [keyring.encrypt("new"), keyring.encrypt("old")])
    _store(database, Forward("b", "http://b.example/"), [])

    assert _load(database, master_key) == [
        Target(forward, ("new", "old")),
        Target(Forward("b", "http://b.example/"), ()),
    ]


def test_a_forward_with_a_locked_secret_is_loaded_without_any(database: str, master_key: str) -> None:
    keyring, forward = Keyring([master_key]), Forward("a", "http://a.example/{secret}")
    _store(database, forward, [keyring.encrypt("new"), Keyring([OTHER_KEY]).encrypt("old")])

    assert _load(database, master_key) == [Target(forward, None)]


def test_an_unreadable_forward_still_queues_what_it_matches(database: str, master_key: str) -> None:
    _store(database, Forward("a", "http://a.example/", match=MATCH), [], '{"method": "of a newer release"}')
    _store(database, Forward("b", "http://b.example/"), [])

    unreadable, other = _load(database, master_key)

    assert (unreadable.forward.slug, unreadable.forward.match, unreadable.secrets) == ("a", MATCH, None)
    assert other == Target(Forward("b", "http://b.example/"), ())


def test_a_retired_forward_is_not_loaded(database: str, master_key: str) -> None:
    _store(database, Forward("a", "http://a.example/"), [])
    with psycopg.connect(database) as connection:
        connection.execute("UPDATE forwards SET removed_at = %s", (NOW,))

    assert _load(database, master_key) == []

"""A link of a mail opens one request for one user, until it is used or too old."""

import hashlib
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from psycopg import Connection

from postledger.notifications.links import (
    KEPT_FOR,
    VALID_FOR,
    Link,
    LinkExpired,
    LinkUnknown,
    LinkUsed,
    delete_old_links,
    lock_link,
    make_link,
    open_link,
    use_link,
)
from postledger.platform.postgres.connection import connect
from tests.parts.databases import fetch
from tests.parts.waiting import HANGS_AFTER_S

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
APPROVAL = str(UUID(int=7))
CONTENT = hashlib.sha256(b"content").digest()


@pytest.fixture
def ledger(database: str) -> Iterator[Connection[Any]]:
    with connect(database, name="test", statement_timeout_ms=60_000) as connection:
        yield connection


def test_a_link_opens_what_it_was_made_for_as_often_as_one_looks(ledger: Connection[Any]) -> None:
    token = make_link(ledger, APPROVAL, 3, CONTENT, NOW)

    assert len(token) == 47
    assert [open_link(ledger, token, NOW) for _ in range(2)] == [Link(APPROVAL, 3, CONTENT)] * 2


def test_a_token_is_stored_as_its_digest_alone(ledger: Connection[Any]) -> None:
    token = make_link(ledger, APPROVAL, 3, CONTENT, NOW)
    row = ledger.execute("SELECT decision_links::text, token_sha256 FROM decision_links").fetchone()

    assert row is not None
    assert token not in row[0]
    assert row[1] == hashlib.sha256(token.encode()).digest()


def test_a_used_link_opens_nothing_and_says_when_it_was_used(ledger: Connection[Any]) -> None:
    token = make_link(ledger, APPROVAL, 3, CONTENT, NOW)
    use_link(ledger, token, NOW)

    with pytest.raises(LinkUsed, match="link_used"):
        open_link(ledger, token, NOW)
    assert lock_link(ledger, token, NOW + VALID_FOR) == Link(APPROVAL, 3, CONTENT, NOW)


def test_a_link_ends(ledger: Connection[Any]) -> None:
    token = make_link(ledger, APPROVAL, 3, CONTENT, NOW)

    open_link(ledger, token, NOW + VALID_FOR - timedelta(seconds=1))
    for look_up in (open_link, lock_link):
        with pytest.raises(LinkExpired, match="link_expired"):
            look_up(ledger, token, NOW + VALID_FOR)


def test_links_that_ended_long_ago_are_deleted(ledger: Connection[Any]) -> None:
    old, new = make_link(ledger, APPROVAL, 3, CONTENT, NOW), make_link(ledger, APPROVAL, 3, CONTENT, NOW + VALID_FOR)

    assert delete_old_links(ledger, NOW + VALID_FOR + KEPT_FOR + timedelta(seconds=1)) == 1
    with pytest.raises(LinkUnknown):
        open_link(ledger, old, NOW)
    open_link(ledger, new, NOW + VALID_FOR)


@pytest.mark.parametrize("token", ["", "pld_", "x" * 47, "pld_" + "A" * 43, "pld_\0" + "A" * 42])
def test_another_token_opens_nothing(ledger: Connection[Any], token: str) -> None:
    make_link(ledger, APPROVAL, 3, CONTENT, NOW)

    for look_up in (open_link, lock_link):
        with pytest.raises(LinkUnknown, match="link_unknown"):
            look_up(ledger, token, NOW)


def test_a_link_stays_unused_if_the_decision_fails(ledger: Connection[Any]) -> None:
    token = make_link(ledger, APPROVAL, 3, CONTENT, NOW)

    with ledger.transaction(force_rollback=True):
        use_link(ledger, token, NOW)

    assert open_link(ledger, token, NOW) == Link(APPROVAL, 3, CONTENT)


def test_of_two_at_once_the_second_sees_that_the_link_is_used(ledger: Connection[Any], database: str) -> None:
    token, seen = make_link(ledger, APPROVAL, 3, CONTENT, NOW), []
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"

    def use() -> None:
        with connect(database, name="second", statement_timeout_ms=60_000) as second, second.transaction():
            seen.append(lock_link(second, token, NOW).used_at)

    with ledger.transaction():
        lock_link(ledger, token, NOW)
        thread = threading.Thread(target=use)
        thread.start()
        while fetch(database, waiting) == [(0,)]:
            assert thread.is_alive(), "the second one must wait"
        use_link(ledger, token, NOW)
    thread.join(HANGS_AFTER_S)

    assert seen == [NOW]

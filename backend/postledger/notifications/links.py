"""Links in mails: each opens the decision of one request, for one user, with the content that the mail showed.

A link is used up by the decision and not by looking, because scanners of mail servers open links too. Only the SHA-256
of its token is stored. A token has 256 random bits, so its digest needs no salt and no slow hash.
"""

import hashlib
import re
import secrets
from datetime import datetime, timedelta
from typing import Any

import msgspec
from psycopg import Connection

from postledger.platform.postgres.sql import statements_of
from postledger.vocabulary.operator_error import NotFound, NotPossible

sql = statements_of("postledger.notifications")

PREFIX = "pld_"
VALID_FOR = timedelta(days=7)
KEPT_FOR = timedelta(days=30)
_RANDOM_BYTES = 32
_TOKEN = re.compile(rf"{PREFIX}[A-Za-z0-9_-]{{43}}")


class Link(msgspec.Struct, frozen=True):
    """What a link opens: this request, for this user, as long as it has this content. `used_at`: when it decided."""

    approval_id: str
    user_id: int
    content_sha256: bytes
    used_at: datetime | None = None


class LinkUnknown(NotFound):
    """The token was never made."""


class LinkExpired(NotPossible):
    """The token is too old."""


class LinkUsed(NotPossible):
    """A decision was taken with the token."""


def make_link(connection: Connection[Any], approval_id: str, user_id: int, content_sha256: bytes, now: datetime) -> str:
    """Make a token that opens one request for one user, for `VALID_FOR`. The mail shows it behind `/decide#`."""
    token = PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)
    values = (_digest(token), approval_id, user_id, content_sha256, now, now + VALID_FOR)
    connection.execute(sql("insert_link"), values)
    return token


def open_link(connection: Connection[Any], token: str, now: datetime) -> Link:
    """Look up what a token opens. It can be opened again until it is used. Raises `LinkUnknown` … `LinkUsed`."""
    link = _find(connection, token, now)
    if link.used_at is not None:
        raise LinkUsed("link_used: a decision was taken with this code already")
    return link


def lock_link(connection: Connection[Any], token: str, now: datetime) -> Link:
    """Look up what a token opens, used or not, and let no other transaction use it. Raises `OperatorError`."""
    connection.execute(sql("lock_link"), (_digest(token),))
    return _find(connection, token, now)


def use_link(connection: Connection[Any], token: str, now: datetime) -> None:
    """Use a token up, in the transaction that has locked it and that decides."""
    connection.execute(sql("write_link_used"), (now, _digest(token)))


def delete_old_links(connection: Connection[Any], now: datetime) -> int:
    """Delete links that ended `KEPT_FOR` ago, and return how many. Until then they say why they open nothing."""
    return connection.execute(sql("delete_old_links"), (now - KEPT_FOR,)).rowcount


def _find(connection: Connection[Any], token: str, now: datetime) -> Link:
    row = connection.execute(sql("find_link"), (_digest(token),)).fetchone() if _TOKEN.fullmatch(token) else None
    if row is None:
        raise LinkUnknown("link_unknown: this code opens nothing; copy the whole code from the mail")
    *_, expires_at, used_at = row
    if expires_at <= now and used_at is None:
        raise LinkExpired("link_expired: this code is too old; wait for the next reminder, or use the command line")
    approval_id, user_id, content_sha256, *_ = row
    return Link(str(approval_id), user_id, content_sha256, used_at)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()

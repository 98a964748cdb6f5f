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
_RANDOM_BYTES = 32
_TOKEN = re.compile(rf"{PREFIX}[A-Za-z0-9_-]{{43}}")


class Link(msgspec.Struct, frozen=True):
    """What a link opens: this request, for this user, as long as it has this content."""

    approval_id: str
    user_id: int
    content_sha256: bytes


def make_link(connection: Connection[Any], approval_id: str, user_id: int, content_sha256: bytes, now: datetime) -> str:
    """Make a token that opens one request for one user, for `VALID_FOR`. The mail shows it behind `/decide#`."""
    token = PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)
    values = (_digest(token), approval_id, user_id, content_sha256, now, now + VALID_FOR)
    connection.execute(sql("insert_link"), values)
    return token


def open_link(connection: Connection[Any], token: str, now: datetime) -> Link:
    """Look up what a token opens. It can be opened again. Raises `NotFound`, or `NotPossible` if it has ended."""
    row = connection.execute(sql("find_link"), (_digest(token),)).fetchone() if _TOKEN.fullmatch(token) else None
    if row is None:
        raise NotFound("link_unknown: this code opens nothing; copy the whole code from the mail")
    approval_id, user_id, content_sha256, expires_at, used_at = row
    if used_at is not None:
        raise NotPossible("link_used: this code was used for a decision already")
    if expires_at <= now:
        raise NotPossible("link_expired: this code is too old; wait for the next reminder, or use the command line")
    return Link(str(approval_id), user_id, content_sha256)


def use_link(connection: Connection[Any], token: str, now: datetime) -> Link:
    """Use a token up, in the transaction of the decision. Two at once: the second waits, and is refused.

    Raises as `open_link` does.
    """
    digest = _digest(token)
    connection.execute(sql("lock_link"), (digest,))
    link = open_link(connection, token, now)
    connection.execute(sql("write_link_used"), (now, digest))
    return link


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()

"""Partner tokens: each opens explanations, samples and receipts of one source. A token signs and books nothing.

Only the SHA-256 of a token is stored. A token has 256 random bits, so its digest needs no salt and no slow hash.
"""

import hashlib
import re
import secrets
from datetime import datetime
from typing import Any

import msgspec
from psycopg import Connection

from postledger.platform.postgres.sql import statements_of
from postledger.vocabulary.operator_error import NotFound

sql = statements_of("postledger.partners")

PREFIX = "plt_"
_RANDOM_BYTES = 32
_TOKEN = re.compile(rf"{PREFIX}[A-Za-z0-9_-]{{43}}")


class Issued(msgspec.Struct, frozen=True):
    """A new token, which is shown only now, and how many tokens of its source are valid with it."""

    token: str
    valid: int


def is_token(text: str) -> bool:
    """Return whether a text has the form of a token."""
    return _TOKEN.fullmatch(text) is not None


def issue_token(connection: Connection[Any], slug: str, actor: str, now: datetime) -> Issued:
    """Make a token of a source in force, beside its other ones. Raises `NotFound`."""
    token = PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)
    with connection.transaction():
        source_id = _find_source(connection, slug)
        connection.execute(sql("insert_token"), (_digest(token), source_id, actor, now))
        valid = connection.execute(sql("count_tokens"), (source_id,)).fetchone()
    assert valid is not None, "the statement counts"
    return Issued(token, valid[0])


def revoke_tokens(connection: Connection[Any], slug: str, now: datetime) -> int:
    """Revoke all tokens of a source; return how many were valid. Raises `NotFound`."""
    with connection.transaction():
        return connection.execute(sql("revoke_tokens"), (now, _find_source(connection, slug))).rowcount


def find_source_of(connection: Connection[Any], token: str) -> str | None:
    """Return the slug of the source in force that a token opens, or None."""
    row = connection.execute(sql("find_source_of_token"), (_digest(token),)).fetchone()
    return None if row is None else row[0]


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _find_source(connection: Connection[Any], slug: str) -> int:
    row = connection.execute(sql("find_source_id"), (slug,)).fetchone()
    if row is None:
        raise NotFound(f"no source {slug} is in force; run: postledger source list")
    source_id: int = row[0]
    return source_id

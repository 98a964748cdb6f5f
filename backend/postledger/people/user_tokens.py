"""Tokens of users for programs. A token is shown once and expires; only its SHA-256 is stored.

A token has 256 random bits, so its digest needs no salt and no slow hash.
"""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from psycopg import Connection

from postledger.people.audit_chain import append, write_body
from postledger.people.user import check_scopes
from postledger.people.users import find_enabled_user, find_user
from postledger.platform.postgres.sql import statements_of
from postledger.vocabulary.receipt import ENTROPY_BYTES, make_receipt

sql = statements_of("postledger.people")

PREFIX = "plu_"
_RANDOM_BYTES = 32


class Issued(msgspec.Struct, frozen=True):
    """A new token, which is shown only now."""

    id: str
    token: str
    scopes: list[str]
    expires_at: datetime


def issue_token(
    connection: Connection[Any], login: str, scopes: Sequence[str], expires_at: datetime, *, actor: str, now: datetime
) -> Issued:
    """Make a token of an enabled user, beside the user's other ones. Raises `OperatorError`."""
    token, unique = PREFIX + secrets.token_urlsafe(_RANDOM_BYTES), list(dict.fromkeys(scopes))
    token_id = make_receipt(int(now.timestamp() * 1000), secrets.token_bytes(ENTROPY_BYTES))
    with connection.transaction():
        connection.execute(sql("lock_users"))
        user = find_enabled_user(connection, login)
        check_scopes(user, unique)
        digest = hashlib.sha256(token.encode()).digest()
        connection.execute(sql("insert_token"), (token_id, user.id, digest, unique, now, expires_at))
        body = write_body(id=token_id, scopes=unique, expires_at=expires_at)
        append(connection, actor, "user.token", user.login, body=body, at=now)
    return Issued(token_id, token, unique, expires_at)


def revoke_tokens(connection: Connection[Any], login: str, actor: str, now: datetime) -> int:
    """Revoke all tokens of a user; return how many were valid. Raises `NotFound`."""
    with connection.transaction():
        user = find_user(connection, login)
        revoked = connection.execute(sql("revoke_tokens"), {"user_id": user.id, "now": now}).rowcount
        append(connection, actor, "user.revoke_tokens", user.login, body=write_body(tokens=revoked), at=now)
    return revoked

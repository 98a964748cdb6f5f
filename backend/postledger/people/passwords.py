"""Passwords of users, for the console. Only an argon2id hash is stored.

One hash takes about 35 ms of processor time and 19 MiB, which OWASP gives as the least for argon2id. The library's own
default takes 229 ms, and a few logins at once would fill a small machine.
"""

import unicodedata
from datetime import datetime
from typing import Any

from argon2 import PasswordHasher
from psycopg import Connection

from postledger.people.audit_chain import append, write_body
from postledger.people.users import find_enabled_user
from postledger.platform.postgres.sql import statements_of
from postledger.vocabulary.operator_error import InvalidRequest

sql = statements_of("postledger.people")

SHORTEST, LONGEST = 12, 128
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


def set_password(connection: Connection[Any], login: str, password: str, actor: str, now: datetime) -> None:
    """Give an enabled user this password in place of the one before. Raises `OperatorError`."""
    find_enabled_user(connection, login)  # before the hash, which takes its time
    hashed = hash_password(password)
    with connection.transaction():
        connection.execute(sql("lock_users"))
        user = find_enabled_user(connection, login)
        connection.execute(sql("write_password"), (hashed, user.id))
        append(connection, actor, "user.password", user.login, body=write_body(), at=now)


def hash_password(password: str) -> str:
    """Hash a password with a salt of its own. Raises `InvalidRequest` if it is too short or too long.

    The same characters have several encodings, and keyboards differ in which one they send, so one form is hashed.
    """
    normal = unicodedata.normalize("NFKC", password)
    if not SHORTEST <= len(normal) <= LONGEST:
        raise InvalidRequest(f"a password must have {SHORTEST} to {LONGEST} characters")
    return _HASHER.hash(normal)

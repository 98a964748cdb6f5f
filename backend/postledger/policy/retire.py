"""Retires a source or a campaign: takes it out of force. Its rows stay, and `apply` revives it with them."""

from datetime import datetime
from typing import Any, Literal

from psycopg import Connection

from postledger.platform.postgres.sql import statements_of
from postledger.policy.diff import Action
from postledger.policy.history import Changed, record
from postledger.policy.store import increment_version, lock_policy
from postledger.vocabulary.operator_error import NotFound

sql = statements_of("postledger.policy")


def retire(
    connection: Connection[Any], kind: Literal["source", "campaign"], slug: str, now: datetime, actor: str
) -> None:
    """Retire one source or campaign. Raises `NotFound` if none of that slug is in force."""
    with connection.transaction():
        lock_policy(connection)
        if connection.execute(sql(f"retire_{kind}"), (now, slug)).rowcount == 0:
            raise NotFound(f"no {kind} {slug} is in force; see the slugs in: postledger export")
        changed = Changed(kind, slug, Action.RETIRE, None)
        record(connection, [changed], increment_version(connection), now, actor)

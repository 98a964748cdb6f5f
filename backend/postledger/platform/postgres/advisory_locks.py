"""Locks that more than one subject takes. Postgres knows them by a number."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from psycopg import Connection

from postledger.platform.postgres.sql import statements_of

sql = statements_of("postledger.platform.postgres")

DISPATCHER = 0x6F7574626F78  # "outbox" in ASCII
"""The session that takes changes out of the outbox, or one that must keep the others from doing so."""

ERASURE = 0x66726774  # "frgt" in ASCII
"""The session that erases a value, or those that copy stored postbacks, which would bring the value back."""

BILLS = 0x62696C6C  # "bill" in ASCII
"""The session that makes or cancels bills: what one carries, the next one is carried."""

REPLAY = 0x72706C79  # "rply" in ASCII
"""The session that books a batch of a replay: the next one must see what it has booked."""

MONTHS = 0x6D6E7468  # "mnth" in ASCII
"""The session that locks or unlocks a month, or those that write work items, which a locked month keeps as they are."""

MATCHES = 0x6D746368  # "mtch" in ASCII
"""The session that decides what bank lines pay, or one that cancels a bill, which must not be paid at that moment."""


def share_lock(connection: Connection[Any], lock_id: int) -> None:
    """Wait until no session has a lock for itself, and share it until the end of the transaction."""
    connection.execute(sql("share_lock"), (lock_id,))


def wait_for_lock(connection: Connection[Any], lock_id: int) -> None:
    """Wait for a lock and keep it until the end of the transaction."""
    connection.execute(sql("wait_for_lock"), (lock_id,))


@contextmanager
def hold_lock(connection: Connection[Any], lock_id: int) -> Iterator[None]:
    """Wait for a lock and keep it until the end of the block, in which there may be several transactions."""
    connection.execute(sql("hold_lock"), (lock_id,))
    try:
        yield
    finally:
        if not connection.closed:
            connection.execute(sql("release_lock"), (lock_id,))

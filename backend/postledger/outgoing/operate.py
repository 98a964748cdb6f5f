"""What operators do with forwards: list them, retry, resume, switch off."""

from datetime import datetime
from typing import Any

import msgspec
from psycopg import Connection
from psycopg.rows import dict_row

from postledger.outgoing.store import load_forwards
from postledger.outgoing.target import Target
from postledger.platform.keyring import Keyring
from postledger.platform.postgres.sql import statements_of
from postledger.vocabulary.operator_error import InvalidRequest, NotFound, NotPossible
from postledger.vocabulary.receipt import is_receipt

sql = statements_of("postledger.outgoing")

Row = dict[str, Any]


class Retried(msgspec.Struct, frozen=True):
    """How many deliveries are due now: those that had failed, and those that waited for a later attempt.

    `held` has the circuit of each forward that does not send them now.
    """

    failed: int
    waiting: int
    held: dict[str, str]


def list_forwards(connection: Connection[Any]) -> list[Row]:
    """List the forwards in force, each with its circuit and with what waits for it."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(sql("list_forwards")).fetchall()


def set_circuit(connection: Connection[Any], slug: str, *, is_on: bool) -> int:
    """Resume a forward or switch it off, and return how many deliveries wait for it. Raises `NotFound`."""
    state = "closed" if is_on else "off"
    if connection.execute(sql("set_circuit"), {"forward": slug, "state": state}).rowcount == 0:
        raise _unknown(slug)
    row = connection.execute(sql("count_waiting"), (slug,)).fetchone()
    assert row is not None, "a count is always one row"
    return int(row[0])


def retry(connection: Connection[Any], slug: str | None, receipt: str | None, now: datetime) -> Retried:
    """Make due now what failed or waits for a later attempt: of a forward, of a change, or of a change to a forward.

    Raises `InvalidRequest` or `NotFound`.
    """
    if slug is None and receipt is None:
        raise InvalidRequest("name a forward, or a change with --receipt; run: postledger forwards list")
    if receipt is not None and not is_receipt(receipt):
        raise InvalidRequest("--receipt is not a receipt; postledger trace shows the receipts of a conversion")
    if slug is not None:
        check_exists(connection, slug)
    row = connection.execute(sql("retry_deliveries"), {"forward": slug, "receipt": receipt, "now": now}).fetchone()
    assert row is not None, "a count is always one row"
    if receipt is not None and not any(row[:2]):
        raise NotFound(f"no delivery of {receipt} has failed or waits for its next attempt; nothing was changed")
    return Retried(*row)


def check_exists(connection: Connection[Any], slug: str) -> None:
    """Raise `NotFound` if no forward in force has this slug."""
    if connection.execute(sql("forward_exists"), (slug,)).fetchone() != (True,):
        raise _unknown(slug)


def find_target(connection: Connection[Any], keyring: Keyring, slug: str) -> Target:
    """Find a forward that can be used, with its secrets. Raises `NotFound` or `NotPossible`."""
    found = next((one for one in load_forwards(connection, keyring) if one.forward.slug == slug), None)
    if found is None:
        raise _unknown(slug)
    if found.secrets is None:
        raise NotPossible(f"forward {slug} cannot be used: its settings or secrets cannot be read; apply it again")
    return found


def _unknown(slug: str) -> NotFound:
    return NotFound(f"forward {slug} does not exist; run: postledger forwards list")

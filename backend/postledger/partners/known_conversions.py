"""Reads what an explanation needs of the ledger or of the sandbox: known conversions, clicks and old secrets."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from psycopg import Connection

from postledger.partners.explanation import KnownConversion
from postledger.platform.keyring import Keyring
from postledger.platform.postgres.sql import statements_of
from postledger.policy.source_secrets import SourceSecrets
from postledger.vocabulary.statuses import Status

sql = statements_of("postledger.partners")

MOST_RETIRED = 5
"""How many retired or replaced secrets are tried: the newest ones."""


def find_known(
    connection: Connection[Any], dedup_key: str, receipt: str, *, in_sandbox: bool
) -> KnownConversion | None:
    """Find a conversion as it was before the postback of that receipt."""
    with connection.transaction():
        _choose_tables(connection, in_sandbox=in_sandbox)
        values = {"dedup_key": dedup_key, "receipt": receipt}
        row = connection.execute(sql("find_known_conversion"), values).fetchone()
    if row is None:
        return None
    first, click_id, status, payout, currency, event_time = row
    amount = None if payout is None else Decimal(payout)
    return KnownConversion(first, Status(status), amount, currency, click_id, event_time)


def is_click_known(connection: Connection[Any], click_id: str, *, in_sandbox: bool) -> bool:
    """Return whether a click was recorded."""
    with connection.transaction():
        _choose_tables(connection, in_sandbox=in_sandbox)
        row = connection.execute(sql("is_click_known"), (click_id,)).fetchone()
    return row is not None and bool(row[0])


def read_retired(connection: Connection[Any], keyring: Keyring, slug: str) -> Sequence[str]:
    """Read the newest secrets of a source that were retired or replaced."""
    found = SourceSecrets(connection, keyring).read_retired(slug)
    return [one.secret for one in reversed(found)][:MOST_RETIRED]


def _choose_tables(connection: Connection[Any], *, in_sandbox: bool) -> None:
    if in_sandbox:
        connection.execute(sql("read_sandbox_first"))

"""Makes the samples that a caller orders, and makes their clicks known in the sandbox."""

import secrets
from datetime import datetime
from typing import Any

from psycopg import Connection

from postledger.partners.samples import Order, Samples, make_samples
from postledger.platform.postgres.sql import statements_of
from postledger.policy.source import Source

sql = statements_of("postledger.partners")
_SERIAL_BYTES = 6


def order_samples(connection: Connection[Any], source: Source, order: Order, now: datetime) -> Samples:
    """Make samples with new ids. Raises `NotPossible`."""
    made = make_samples(source, order, int(now.timestamp()), secrets.token_hex(_SERIAL_BYTES))
    connection.execute(sql("insert_test_clicks"), {"click_ids": list(made.clicks), "now": now})
    return made

"""Fills a ledger with the rows of its past: as many conversions, each with its click and its postback, over a month.

Keys and ids come as they do in life: dedup keys, click and transaction ids at random, receipts in the order of time.
Indexes are dropped before and made again after, by their own definitions, or ten million rows would take an hour.
"""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, LiteralString

import msgspec
from psycopg import Connection

from loadtests.bench.ledger import CLICKS, Ledger
from postledger.ledger.partitions import DAYS_AHEAD, make_partitions

PAST = timedelta(days=30)
AT_ONCE = 2  # statements side by side; Postgres makes an index with two processes of its own besides

_ROWS = """
FROM
    generate_series(1, %(rows)s) AS number,
    LATERAL (SELECT md5(number::text || 'id') AS random, %(start)s + number * %(step)s::interval AS at) AS made,
    LATERAL (SELECT
        to_hex(1790000000000 + (%(clicks)s + number) * 40)
        || '-' || substr(md5((%(clicks)s + number)::text), 1, 22) AS click_id,
        (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0')
        || '7' || substr(random, 1, 3) || '8' || substr(random, 4, 15))::uuid AS receipt
    ) AS named
"""
_CLICKS = """
INSERT INTO clicks (click_id, campaign_id, affiliate_id, created_at)
SELECT click_id, 1, '456', at - interval '1 hour'
"""
_CONVERSIONS = """
INSERT INTO conversions (
    dedup_key, id, source_id, event, transaction_id, click_id, campaign_id, affiliate_id,
    status, payout, currency, created_at, updated_at
)
SELECT
    md5(number::text || 'key')::uuid, receipt, %(source_id)s, 'sale', substr(random, 1, 8) || '-past-' || number,
    click_id, 1, '456', 'approved', number %% 10000 / 100.0, 'USD', at, at
"""
_POSTBACKS = """
INSERT INTO postbacks (
    id, received_at, source_id, source_ip, method, verdict, conversion_id, secret_id,
    event, click_id, transaction_id, status, payout, currency, raw
)
SELECT
    receipt, at, %(source_id)s, '127.0.0.1', 'GET', 'accepted', receipt, %(secret_id)s,
    'sale', click_id, substr(random, 1, 8) || '-past-' || number,
    'approved', number %% 10000 / 100.0, 'USD',
    convert_to('click_id=' || click_id || '&payout=0.50&currency=USD&affiliate_id=456'
        || '&event=sale&transaction_id=' || substr(random, 1, 8) || '-past-' || number || '&ts=1790000000', 'UTF8')
"""
_TABLES: list[LiteralString] = ["clicks", "conversions", "postbacks"]
_VACUUM: list[LiteralString] = [f"VACUUM (ANALYZE) {table}" for table in _TABLES]
_INDEXES = """
SELECT
    CASE WHEN c.oid IS NULL THEN format('DROP INDEX %%s', i.indexrelid::regclass)
        ELSE format('ALTER TABLE %%s DROP CONSTRAINT %%I', i.indrelid::regclass, c.conname) END,
    CASE WHEN c.oid IS NULL THEN pg_get_indexdef(i.indexrelid)
        ELSE format(
            'ALTER TABLE %%s ADD CONSTRAINT %%I %%s', i.indrelid::regclass, c.conname, pg_get_constraintdef(c.oid)
        ) END
FROM pg_index AS i
LEFT JOIN pg_constraint AS c ON c.conindid = i.indexrelid
WHERE i.indrelid = ANY(%s::regclass[])
"""


class Index(msgspec.Struct, frozen=True):
    """How to drop an index or primary key, and how to make it again exactly as it was."""

    drop: LiteralString
    make: LiteralString


def fill(ledger: Ledger, rows: int) -> None:
    """Put that many conversions, clicks and postbacks on the ledger, indexed, vacuumed and analyzed."""
    with ledger.connect() as connection:
        _make_past_partitions(connection)
        with _without_indexes(ledger, connection):
            _in_parallel(ledger, (_insert(ledger, rows, head) for head in (_POSTBACKS, _CONVERSIONS, _CLICKS)))
    _in_parallel(ledger, [(statement, {}) for statement in _VACUUM])


def _make_past_partitions(connection: Connection[Any]) -> None:
    # Each call makes the day before, the day itself and those ahead of it.
    for days in range(0, PAST.days + DAYS_AHEAD, DAYS_AHEAD):
        make_partitions(connection, datetime.now(UTC) - timedelta(days=days))


def _insert(ledger: Ledger, rows: int, head: LiteralString) -> tuple[LiteralString, dict[str, object]]:
    values: dict[str, object] = {"rows": rows, "clicks": CLICKS, "start": datetime.now(UTC) - PAST, "step": PAST / rows}
    values |= {"source_id": ledger.source_id, "secret_id": ledger.secret_id}
    return head + _ROWS, values


@contextmanager
def _without_indexes(ledger: Ledger, connection: Connection[Any]) -> Iterator[None]:
    indexes = [Index(*row) for row in connection.execute(_INDEXES, (_TABLES,)).fetchall()]
    for index in indexes:
        connection.execute(index.drop)
    yield
    _in_parallel(ledger, [(index.make, {}) for index in indexes])


def _in_parallel(ledger: Ledger, statements: Iterable[tuple[LiteralString, dict[str, object]]]) -> Sequence[None]:
    def run(statement: tuple[LiteralString, dict[str, object]]) -> None:
        with ledger.connect() as connection:
            connection.execute("SET maintenance_work_mem = '512MB'")
            connection.execute(statement[0], statement[1] or None)

    with ThreadPoolExecutor(AT_ONCE) as threads:
        return list(threads.map(run, statements))

"""Contestant (c): the same service as the manuals of Falcon and psycopg_pool would have it, one transaction a request.

It verifies the same signature and writes the same rows to the same tables. Whatever makes it slower on purpose is a
fault: the source and its secret are in memory, statements are prepared, and the driver is the compiled one.
"""

import hmac
import os
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import parse_qsl

import falcon
from psycopg import Connection
from psycopg.types.json import Jsonb
from psycopg_pool import ConnectionPool

from postledger.ledger.rules.dedup_key import dedup_key

TOLERANCE_S = 1800

FIND_CLICK = "SELECT campaign_id, affiliate_id FROM clicks WHERE click_id = %s"
INSERT_CONVERSION = """
INSERT INTO conversions (
    dedup_key, id, source_id, event, transaction_id, click_id, campaign_id, affiliate_id,
    status, source_status, payout, currency, subs, event_time, created_at, updated_at
)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (dedup_key) DO NOTHING
RETURNING id
"""
INSERT_POSTBACK = """
INSERT INTO postbacks (
    id, received_at, source_id, source_ip, method, verdict, conversion_id, secret_id,
    event, click_id, transaction_id, status, source_status, payout, currency, event_time, raw
)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""

Pool = ConnectionPool[Connection[Any]]


class Postback:
    """Receives a postback of the one source that the benchmark has."""

    def __init__(self, pool: Pool, source_id: int, secret_id: int, secret: str) -> None:
        self._pool = pool
        self._source_id, self._secret_id, self._secret = source_id, secret_id, secret.encode()

    def on_get(self, request: falcon.Request, response: falcon.Response, source: str) -> None:
        """Verify, write, answer."""
        if source != "bench":
            raise falcon.HTTPNotFound
        query = request.query_string
        received_at = datetime.now(UTC)
        fields = dict(parse_qsl(query, keep_blank_values=True, strict_parsing=True))
        signed = self._verify(query, fields, received_at)
        verdict = self._write(request, fields, signed, received_at)
        response.media = {"status": verdict, "id": request.get_header("X-Request-Id")}

    def _verify(self, query: str, fields: dict[str, str], received_at: datetime) -> bytes:
        signed = "&".join(part for part in query.split("&") if not part.startswith("sig=")).encode()
        expected = hmac.digest(self._secret, signed, "sha256").hex()
        if not hmac.compare_digest(expected, fields.get("sig", "")):
            raise falcon.HTTPUnauthorized
        if abs(received_at.timestamp() - int(fields["ts"])) > TOLERANCE_S:
            raise falcon.HTTPUnauthorized
        return signed

    def _write(self, request: falcon.Request, fields: dict[str, str], raw: bytes, received_at: datetime) -> str:
        receipt, click_id = request.get_header("X-Request-Id"), fields["click_id"]
        transaction_id, event = fields["transaction_id"], fields.get("event", "conversion")
        status, currency = fields.get("status", "approved"), fields.get("currency", "USD")
        payout = _read_payout(fields.get("payout", "0"))
        subs = {name: value for name, value in fields.items() if name.startswith("sub")}
        with self._pool.connection() as connection:
            click = connection.execute(FIND_CLICK, (click_id,)).fetchone()
            if click is None:
                raise falcon.HTTPUnprocessableEntity
            campaign_id, affiliate_id = click
            key = dedup_key(self._source_id, event, transaction_id, click_id)
            opened = connection.execute(INSERT_CONVERSION, (
                key, receipt, self._source_id, event, transaction_id, click_id, campaign_id,
                fields.get("affiliate_id", affiliate_id), status, fields.get("status"), payout, currency,
                Jsonb(subs) if subs else None, None, received_at, received_at,
            )).fetchone()  # fmt: skip
            verdict = "accepted" if opened else "duplicate"
            connection.execute(INSERT_POSTBACK, (
                receipt, received_at, self._source_id, request.get_header("X-Client-Address"), "GET", verdict,
                receipt if opened else None, self._secret_id, event, click_id, transaction_id, status,
                fields.get("status"), payout, currency, None, raw,
            ))  # fmt: skip
        return verdict


class Health:
    """Says that the application is up."""

    def on_get(self, _: falcon.Request, response: falcon.Response) -> None:
        """Answer."""
        response.media = {"status": "ok"}


class TextbookApp(falcon.App[falcon.Request, falcon.Response]):
    """An application that closes its pool."""

    def __init__(self, pool: Pool) -> None:
        super().__init__()
        self.close = pool.close


def create() -> TextbookApp:
    """Build one worker's application; the pool is as large as the worker's concurrency, so that nobody waits for it."""
    size = int(os.environ["BENCH_POOL"])
    pool: Pool = ConnectionPool(os.environ["DATABASE_URL"], min_size=size, max_size=size, open=True)
    pool.wait()
    ids = int(os.environ["BENCH_SOURCE_ID"]), int(os.environ["BENCH_SECRET_ID"])
    app = TextbookApp(pool)
    app.add_route("/tracking/postback/{source}", Postback(pool, *ids, os.environ["BENCH_SECRET"]))
    app.add_route("/healthz", Health())
    return app


def _read_payout(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise falcon.HTTPBadRequest from None

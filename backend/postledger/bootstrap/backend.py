"""The composition root of the backend: settings become connections and writers, those become use cases and routes."""

import secrets
import time
from collections.abc import Container
from contextlib import suppress
from functools import partial

import gevent
import psycopg
from prometheus_client import CollectorRegistry
from psycopg_pool import PoolTimeout

from postledger.clicks.record import ENTROPY_BYTES, RecordClick
from postledger.http.app import BackendApp, create_app
from postledger.http.click import ClickResource
from postledger.http.dialect import DialectSink
from postledger.http.health import HealthResource, MetricsResource
from postledger.http.policy import PolicyResource
from postledger.http.postback import PostbackResource
from postledger.http.request_log_event import Teller
from postledger.http.schemas import SchemaResource
from postledger.ingest.receive import UNAUTHENTICATED_PER_SECOND, ReceivePostback
from postledger.ingest.refusal_sampling import Allowance
from postledger.ledger.entry import Entry, Outcome
from postledger.ledger.group_commit import GroupCommit
from postledger.ledger.partitions import PartitionKeeper
from postledger.ledger.writer import write_batch
from postledger.metrics.metrics import Metrics, Unmeasured, render_metrics
from postledger.platform.keyring import Keyring
from postledger.platform.metrics.buffered_values import keep_sums
from postledger.platform.periodic_task import Periodic
from postledger.platform.postgres.connection import CONNECT_TIMEOUT_S, WRITER, connect
from postledger.platform.postgres.gevent_connection import GreenletConnection
from postledger.platform.postgres.pool import Pool, make_pool
from postledger.platform.request_log import RequestLog
from postledger.platform.schemas import read_schemas
from postledger.platform.settings import Settings
from postledger.policy.refresher import PolicyKeeper
from postledger.policy.secret_usage import SecretUsage
from postledger.vocabulary.click import Click

FLUSH_TIMEOUT_MS = 1400
POOL_SIZE = 2
SALT_BYTES = 20  # as long as what HMAC-SHA1 gives
HEALTH_WITHIN_S = 1.2
FIRST_POLICY_WITHIN_S = 2.0


def create_backend(settings: Settings) -> BackendApp:
    """Build one worker's application and start its writer and its policy keeper; call it after the fork."""
    keep_sums()
    metrics = Metrics(CollectorRegistry()) if settings.metrics else Unmeasured()
    pool = make_pool(settings.database_url, size=POOL_SIZE)
    pool.open()
    ledger = _start_group_commit(settings, metrics)
    usage = SecretUsage()
    keeper = PolicyKeeper(
        pool,
        Keyring(settings.master_keys),
        metrics.prepare,
        on_contact=metrics.note_ledger,
        tend=(
            lambda connection: usage.write_due(connection, time.monotonic()),
            PartitionKeeper(partial(metrics.note_days, retention_days=settings.retention_days)).tend,
        ),
    )
    keeper.wait_for_first_attempt(FIRST_POLICY_WITHIN_S)

    log = RequestLog(settings.request_log) if settings.request_log else None
    writing = Periodic(log.write) if log else None

    def close() -> None:
        ledger.close()
        keeper.close()
        _write_usage(pool, usage)
        pool.close()
        metrics.close()
        if writing:
            writing.close()

    receive = _receive_postback(ledger, keeper, metrics, usage)
    return create_app(
        PostbackResource(receive),
        ClickResource(
            RecordClick(
                lambda: keeper.policy,
                ledger.submit,
                partial(secrets.token_urlsafe, ENTROPY_BYTES),
                metrics.count_click,
            )
        ),
        HealthResource(partial(_find_failing, pool, keeper)),
        MetricsResource(render_metrics),
        PolicyResource(lambda: keeper.policy, secrets.token_bytes(SALT_BYTES)),
        dialects=DialectSink(receive),
        schemas=SchemaResource(read_schemas()),
        teller=_make_teller(metrics, log, keeper),
        close=close,
    )


def _write_usage(pool: Pool, usage: SecretUsage) -> None:
    # What a minute's use of a secret is worth is no reason to end badly.
    with suppress(psycopg.Error, PoolTimeout), pool.connection() as connection:
        usage.write_all(connection)


def _make_teller(metrics: Metrics | Unmeasured, log: RequestLog | None, keeper: PolicyKeeper) -> Teller | None:
    if log is None and isinstance(metrics, Unmeasured):
        return None
    return Teller(metrics.observe_request, log.add if log else None, partial(_list_sources, keeper))


def _list_sources(keeper: PolicyKeeper) -> Container[str]:
    return keeper.policy.sources if keeper.policy is not None else ()


def _start_group_commit(
    settings: Settings, metrics: Metrics | Unmeasured
) -> GroupCommit[Entry | Click, Outcome | None]:
    metrics.note_queue_limit(settings.queue_limit)
    return GroupCommit(
        partial(
            connect,
            settings.database_url,
            name=WRITER,
            statement_timeout_ms=FLUSH_TIMEOUT_MS,
            connect_timeout_s=CONNECT_TIMEOUT_S,
            kind=GreenletConnection,
        ),
        write_batch,
        queue_limit=settings.queue_limit,
        flush_rows=settings.flush_rows,
        observe_flush=metrics.observe_flush,
        note_waiting=metrics.note_waiting,
    )


def _receive_postback(
    ledger: GroupCommit[Entry | Click, Outcome | None],
    keeper: PolicyKeeper,
    metrics: Metrics | Unmeasured,
    usage: SecretUsage,
) -> ReceivePostback:
    def record(entry: Entry) -> Outcome:
        outcome = ledger.submit(entry)
        assert outcome is not None, "the ledger gives every entry an outcome"
        return outcome

    return ReceivePostback(
        lambda: keeper.policy,
        record,
        Allowance(UNAUTHENTICATED_PER_SECOND, time.monotonic).take,
        metrics.count_postback,
        metrics.count_unrecorded,
        note_match=usage.note,
    )


def _find_failing(pool: Pool, keeper: PolicyKeeper) -> str | None:
    if not _answers(pool):
        return "postgres"
    return "policy" if keeper.policy is None else None


def _answers(pool: Pool) -> bool:
    # A server that hangs keeps its connections open, and no time-out of the driver ends such a wait.
    try:
        with gevent.Timeout(HEALTH_WITHIN_S), pool.connection() as connection:
            connection.execute("SELECT 1")
    except (gevent.Timeout, psycopg.Error, PoolTimeout):
        return False
    return True

"""The composition root of the backend: settings become connections and writers, those become use cases and routes."""

import os
import secrets
import signal
import time
from collections.abc import Callable, Container
from contextlib import suppress
from functools import partial
from typing import cast

import msgspec
from prometheus_client import CollectorRegistry

from postledger.clicks.record import ClickCounters, RecordClick
from postledger.clicks.store import StoreClick
from postledger.http.app import App, create_operators_app, create_public_app
from postledger.http.click import ClickResource
from postledger.http.dialect import DialectSink
from postledger.http.health import HealthResource, MetricsResource
from postledger.http.policy import PolicyResource
from postledger.http.postback import PostbackResource
from postledger.http.request_log_event import RequestObserver
from postledger.http.schemas import SchemaResource, read_schemas
from postledger.ingest.receive import ReceivePostback
from postledger.ingest.refusal_sampling import UNAUTHENTICATED_PER_SECOND, Allowance, RefuseStranger
from postledger.ledger.byte_leases import ByteLeases
from postledger.ledger.entry import Entry, Outcome
from postledger.ledger.group_commit import GroupCommit
from postledger.ledger.partitions import PartitionKeeper
from postledger.ledger.rules.byte_budget import Limits
from postledger.ledger.writer import check_writable, write_batch
from postledger.metrics.metrics import Metrics, count_failing_writers
from postledger.platform.build_info import read_build_info
from postledger.platform.keyring import Keyring
from postledger.platform.metrics.buffered_values import buffer_values
from postledger.platform.periodic_task import Periodic
from postledger.platform.postgres.connection import WRITER, connect
from postledger.platform.postgres.errors import DatabaseFailed, translated_errors
from postledger.platform.postgres.pool import Pool, answers, make_pool
from postledger.platform.request_log import RequestLog
from postledger.platform.server.gevent_connection import GreenletConnection
from postledger.platform.server.wsgi_exchange import ByListener
from postledger.platform.settings import Settings, read_settings, read_sockets
from postledger.platform.timeouts import CONNECT_S, FIRST_POLICY_WITHIN_S, FLUSH_LOCK_MS, FLUSH_STATEMENT_MS
from postledger.policy.policy import Policy
from postledger.policy.refresher import PolicyRefresher
from postledger.policy.secret_usage import SecretUsage
from postledger.vocabulary.click import Click

POOL_SIZE = 2
SALT_BYTES = 20  # the length of an HMAC-SHA1 digest


class _Parts(msgspec.Struct, frozen=True):
    """What one worker opens once and shares between its routes."""

    pool: Pool
    metrics: Metrics
    ledger: GroupCommit[Entry | Click, Outcome | None]
    budget: ByteLeases
    usage: SecretUsage
    keeper: PolicyRefresher
    observer: RequestObserver
    stop_logging: Callable[[], None]

    @property
    def policy(self) -> Callable[[], Policy | None]:
        """A function that returns the policy in force; None until one was read."""
        return partial(getattr, self.keeper, "policy")


def create() -> ByListener:
    """Build one worker's applications from the process environment; gunicorn calls it after the fork."""
    settings = read_settings(os.environ)
    parts = _start_parts(settings)
    operators = {read_sockets(os.environ).operators: _create_operators_app(parts)}
    return ByListener(_create_public_app(parts, settings), operators, close=partial(_close, parts))


def _start_parts(settings: Settings) -> _Parts:
    buffer_values()  # before any metric is made
    metrics = Metrics(CollectorRegistry())
    metrics.note_build(read_build_info(os.environ))
    pool = make_pool(settings.database_url, size=POOL_SIZE)
    pool.open()
    metrics.note_byte_limit(settings.unauthenticated_bytes_per_day)
    budget = ByteLeases(Limits(settings.unauthenticated_bytes_per_day), metrics.count_unauthenticated_bytes)
    ledger = _start_group_commit(settings, metrics, budget)
    usage = SecretUsage()
    keeper = _start_policy_refresher(settings, pool, metrics, usage)
    observer, stop_logging = _start_observer(settings, metrics, keeper)
    return _Parts(pool, metrics, ledger, budget, usage, keeper, observer, stop_logging)


def _start_group_commit(
    settings: Settings, metrics: Metrics, budget: ByteLeases
) -> GroupCommit[Entry | Click, Outcome | None]:
    metrics.note_queue_limit(settings.queue_limit)
    return GroupCommit(
        partial(
            connect,
            settings.database_url,
            name=WRITER,
            statement_timeout_ms=FLUSH_STATEMENT_MS,
            lock_timeout_ms=FLUSH_LOCK_MS,
            connect_timeout_s=CONNECT_S,
            may_scan=False,
            kind=GreenletConnection,
        ),
        partial(write_batch, budget=budget),
        check=check_writable,
        queue_limit=settings.queue_limit,
        flush_rows=settings.flush_rows,
        observe_flush=metrics.observe_flush,
        note_waiting=metrics.note_waiting,
        count_failure=metrics.count_flush_failure,
        note_failing=metrics.note_writer_failing,
        end_process=_end_process,
    )


def _start_policy_refresher(settings: Settings, pool: Pool, metrics: Metrics, usage: SecretUsage) -> PolicyRefresher:
    keeper = PolicyRefresher(
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
    return keeper


def _start_observer(
    settings: Settings, metrics: Metrics, keeper: PolicyRefresher
) -> tuple[RequestObserver, Callable[[], None]]:
    sources = partial(_list_sources, keeper)
    if settings.request_log is None:
        return RequestObserver(metrics.observe_request, None, sources), lambda: None
    log = RequestLog(settings.request_log)
    return RequestObserver(metrics.observe_request, log.add, sources), Periodic(log.write).close


def _list_sources(keeper: PolicyRefresher) -> Container[str]:
    return keeper.policy.sources if keeper.policy is not None else ()


def _create_public_app(parts: _Parts, settings: Settings) -> App:
    receive = _receive_postback(parts)
    return create_public_app(
        PostbackResource(receive),
        ClickResource(_record_click(parts), settings.click_fallback_url),
        SchemaResource(read_schemas()),
        DialectSink(receive),
        parts.observer,
    )


def _create_operators_app(parts: _Parts) -> App:
    return create_operators_app(
        HealthResource(partial(_find_failing, parts)),
        MetricsResource(parts.metrics.render),
        PolicyResource(parts.policy, secrets.token_bytes(SALT_BYTES)),
        parts.observer,
    )


def _receive_postback(parts: _Parts) -> ReceivePostback:
    # The ledger gives every entry an outcome; only clicks have none.
    record = cast("Callable[[Entry], Outcome]", parts.ledger.submit)
    record_sheddable = cast("Callable[[Entry], Outcome]", parts.ledger.submit_sheddable)
    may_record = Allowance(UNAUTHENTICATED_PER_SECOND, time.monotonic).take
    return ReceivePostback(
        parts.policy,
        record,
        RefuseStranger(record_sheddable, may_record, parts.budget.is_spent),
        parts.metrics.count_postback,
        count_stranger=parts.metrics.count_stranger,
        note_match=parts.usage.note,
    )


def _record_click(parts: _Parts) -> RecordClick:
    metrics = parts.metrics
    counters = ClickCounters(metrics.count_click, metrics.count_shed_click, metrics.count_label)
    return RecordClick(parts.policy, StoreClick(parts.ledger.submit_sheddable), counters)


def _end_process() -> None:
    # As gunicorn stops a worker: requests are answered to their end. Its master then starts another one.
    os.kill(os.getpid(), signal.SIGTERM)


def _find_failing(parts: _Parts) -> str | None:
    """Name the part because of which postbacks are answered 503, or None.

    A writer fails health from a failed write until the next one succeeds. An idle writer tries an empty write every
    second, so health recovers without traffic, and a table that stays locked keeps it at 503. The writers of the other
    workers count too, because any worker may take the next postback.
    """
    if not answers(parts.pool):
        return "postgres"
    if parts.ledger.is_failing() or count_failing_writers() > 0:
        return "writer"
    return "policy" if parts.policy() is None else None


def _close(parts: _Parts) -> None:
    parts.ledger.close()
    parts.keeper.close()
    _write_usage(parts)
    parts.pool.close()
    parts.metrics.close()
    parts.stop_logging()


def _write_usage(parts: _Parts) -> None:
    # Losing a minute of secret usage is better than a stop that fails.
    with suppress(DatabaseFailed), translated_errors(), parts.pool.connection() as connection:
        parts.usage.write_all(connection)

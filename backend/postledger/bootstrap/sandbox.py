"""The composition root of the sandbox: production's own code on the sandbox's tables, and what partners look up.

It is a process of its own, so that nothing that a partner tries costs production anything. It counts nothing that
production counts, and it leaves partitions and the usage of secrets alone.
"""

import os
import signal
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, cast

import gevent
import msgspec
from psycopg import Connection

from postledger.http.sandbox.app import create_sandbox_app
from postledger.http.sandbox.explain import Explainer, ExplainResource
from postledger.http.sandbox.gatekeeper import Gatekeeper
from postledger.http.sandbox.observer import SandboxObserver
from postledger.http.sandbox.postback import SandboxPostbackResource
from postledger.http.sandbox.receipts import ReceiptResource
from postledger.http.sandbox.reference import ReferenceResource
from postledger.http.sandbox.samples import SamplesResource
from postledger.ingest.receive import ReceivePostback
from postledger.ingest.refusal_sampling import UNAUTHENTICATED_PER_SECOND, Allowance, RefuseStranger
from postledger.ledger.byte_leases import ByteLeases
from postledger.ledger.entry import Entry, Outcome
from postledger.ledger.group_commit import GroupCommit
from postledger.ledger.rules.byte_budget import Limits
from postledger.ledger.sandbox import check_sandbox_writable, use_sandbox
from postledger.ledger.writer import write_entries
from postledger.metrics.sandbox_metrics import SandboxMetrics
from postledger.partners.explain import Diagnoser
from postledger.partners.explain_pasted import Ledger
from postledger.partners.explanation import KnownConversion
from postledger.partners.known_conversions import find_known, is_click_known, read_retired
from postledger.partners.order_samples import order_samples
from postledger.partners.receipts import Receipt, find_receipt
from postledger.partners.samples import Order, Samples
from postledger.partners.tokens import find_source_of
from postledger.platform.keyring import Keyring
from postledger.platform.postgres.connection import connect
from postledger.platform.postgres.errors import translated_errors
from postledger.platform.postgres.pool import Pool, answers, make_pool
from postledger.platform.server.gevent_connection import GreenletConnection
from postledger.platform.server.status_server import StatusApplication
from postledger.platform.server.wsgi_exchange import Application, ByListener
from postledger.platform.settings import SandboxSettings, read_sandbox_settings
from postledger.platform.timeouts import CONNECT_S, FIRST_POLICY_WITHIN_S, FLUSH_LOCK_MS, FLUSH_STATEMENT_MS
from postledger.policy.policy import Policy
from postledger.policy.refresher import PolicyRefresher
from postledger.policy.source import Source

DIAGNOSIS_RESTS_S = 0.003
"""How long a diagnosis waits after each third of a millisecond of work: it takes a tenth of a core at most."""
POOL_SIZE = 2
QUEUE_LIMIT = 200
FLUSH_ROWS = 64
BYTES_PER_DAY = 64 * 1024 * 1024
"""The most that requests without a secret may store in a day; rows are kept for seven days."""


class Parts(msgspec.Struct, frozen=True):
    """What the process opens once and shares between its routes. `pool` sees the tables of the ledger, as usual."""

    settings: SandboxSettings
    pool: Pool
    metrics: SandboxMetrics
    ledger: GroupCommit[Entry, Outcome]
    budget: ByteLeases
    keeper: PolicyRefresher

    def policy(self) -> Policy | None:
        """Return the policy in force; None until one was read."""
        return self.keeper.policy

    def find_source_of(self, token: str) -> str | None:
        """Look up the source that a token opens. Raises `DatabaseFailed`."""
        with translated_errors(), self.pool.connection() as connection:
            return find_source_of(connection, token)

    def order_samples(self, source: Source, order: Order) -> Samples:
        """Make samples of a source. Raises `NotPossible` or `DatabaseFailed`."""
        with translated_errors(), self.pool.connection() as connection:
            return order_samples(connection, source, order, datetime.now(UTC))

    def find_receipt(self, source: Source, receipt: str, edge_answered: int | None) -> Receipt | None:
        """Look up what became of a postback. Raises `DatabaseFailed`."""
        with translated_errors(), self.pool.connection() as connection:
            return find_receipt(connection, source, receipt, edge_answered)


def create() -> ByListener:
    """Build the applications from the process environment; gunicorn calls it after the fork."""
    parts = _start_parts(read_sandbox_settings(os.environ))
    port = parts.settings.port
    status = StatusApplication(parts.metrics.render, partial(_find_failing, parts))
    others = {} if port is None else {("127.0.0.1", port): cast("Application", status)}
    return ByListener(_create_app(parts), others, close=partial(_close, parts))


def _start_parts(settings: SandboxSettings) -> Parts:
    metrics, pool = SandboxMetrics(), make_pool(settings.database_url, size=POOL_SIZE)
    pool.open()
    budget = ByteLeases(Limits(BYTES_PER_DAY), _ignore)
    keeper = PolicyRefresher(pool, Keyring(settings.master_keys), metrics.prepare, on_contact=_ignore, tend=())
    keeper.wait_for_first_attempt(FIRST_POLICY_WITHIN_S)
    return Parts(settings, pool, metrics, _start_group_commit(settings, budget), budget, keeper)


def _start_group_commit(settings: SandboxSettings, budget: ByteLeases) -> GroupCommit[Entry, Outcome]:
    return GroupCommit(
        partial(_connect, settings.database_url),
        partial(write_entries, budget=budget),
        check=check_sandbox_writable,
        queue_limit=QUEUE_LIMIT,
        flush_rows=FLUSH_ROWS,
        observe_flush=_ignore,
        note_waiting=_ignore,
        count_failure=_ignore,
        note_failing=_ignore,
        end_process=_end_process,
    )


def _connect(database_url: str) -> Connection[Any]:
    connection = connect(
        database_url,
        name="sandbox",
        statement_timeout_ms=FLUSH_STATEMENT_MS,
        lock_timeout_ms=FLUSH_LOCK_MS,
        connect_timeout_s=CONNECT_S,
        may_scan=False,
        kind=GreenletConnection,
    )
    return use_sandbox(connection)


def _create_app(parts: Parts) -> Application:
    gatekeeper = Gatekeeper(parts.find_source_of)
    mode, explainer = parts.settings.mode, _make_explainer(parts)
    postbacks = SandboxPostbackResource(_receive_postback(parts), parts.policy, gatekeeper, mode, explainer)
    observer = SandboxObserver(parts.metrics.count, lambda: policy.sources if (policy := parts.policy()) else ())
    routes = _list_receipt_routes(parts, gatekeeper)
    if mode == "off":
        return create_sandbox_app(None, routes, observer)
    pasted = ExplainResource(explainer, _read_ledger(parts), parts.policy, gatekeeper)
    routes = {**routes, "/sandbox/explain/{source}": pasted, **_list_sandbox_routes(parts, gatekeeper)}
    return create_sandbox_app(postbacks, routes, observer)


def _list_sandbox_routes(parts: Parts, gatekeeper: Gatekeeper) -> Mapping[str, object]:
    return {
        "/sandbox/reference/{source}": ReferenceResource(parts.policy, gatekeeper),
        "/sandbox/samples/{source}": SamplesResource(
            parts.order_samples, parts.policy, gatekeeper, parts.settings.edge_url
        ),
    }


def _list_receipt_routes(parts: Parts, gatekeeper: Gatekeeper) -> Mapping[str, object]:
    return {"/receipts/{receipt}": ReceiptResource(parts.find_receipt, parts.policy, gatekeeper)}


def _make_explainer(parts: Parts) -> Explainer:
    keyring = Keyring(parts.settings.master_keys)

    def read_retired_secrets(slug: str) -> Sequence[str]:
        with translated_errors(), parts.pool.connection() as connection:
            return read_retired(connection, keyring, slug)

    return Explainer(_read_ledger(parts), Diagnoser(read_retired_secrets, partial(gevent.sleep, DIAGNOSIS_RESTS_S)))


def _read_ledger(parts: Parts) -> Ledger:
    def find(dedup_key: str, receipt: str, in_sandbox: bool) -> KnownConversion | None:
        with translated_errors(), parts.pool.connection() as connection:
            return find_known(connection, dedup_key, receipt, in_sandbox=in_sandbox)

    def is_known(click_id: str, in_sandbox: bool) -> bool:
        with translated_errors(), parts.pool.connection() as connection:
            return is_click_known(connection, click_id, in_sandbox=in_sandbox)

    return Ledger(find, is_known)


def _receive_postback(parts: Parts) -> ReceivePostback:
    may_record = Allowance(UNAUTHENTICATED_PER_SECOND, time.monotonic).take
    return ReceivePostback(
        parts.policy,
        parts.ledger.submit,
        RefuseStranger(parts.ledger.submit_sheddable, may_record, parts.budget.is_spent),
        _ignore,
        count_stranger=_ignore,
        note_match=_ignore,
    )


def _ignore(*_: object) -> None:
    """Count nothing: the numbers of production are not for what partners try."""


def _find_failing(parts: Parts) -> str | None:
    if not answers(parts.pool):
        return "postgres"
    if parts.ledger.is_failing():
        return "writer"
    return "policy" if parts.policy() is None else None


def _end_process() -> None:
    os.kill(os.getpid(), signal.SIGTERM)  # gunicorn's master starts another one


def _close(parts: Parts) -> None:
    parts.ledger.close()
    parts.keeper.close()
    parts.pool.close()

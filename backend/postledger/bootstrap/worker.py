"""The composition root of `postledger worker`: which loops a worker runs, what they call, and how it starts and stops.

To add work that follows from a change of a conversion, add a consumer to `_list_consumers`. To add a task, add it to
`_list_tasks`, and to `_PERIODS` if it is due by the clock. To add work of another kind, add a `WorkLoop` to
`_create_loops`. Each loop has a connection of its own.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import msgspec
from gevent.event import Event
from psycopg import Connection

from postledger.bootstrap.exporting import create_export_loop
from postledger.bootstrap.forwarding import create_forward_loop
from postledger.bootstrap.loops import STATEMENT_TIMEOUT_MS, connect_loop, connect_mapper, run_loops, stop_by_signal
from postledger.bootstrap.mapping import (
    check_and_record,
    check_rates,
    create_mapper,
    judge_by_first_rules,
    remind_of_requests,
)
from postledger.bootstrap.month_end import reconcile_month_before
from postledger.bootstrap.notifying import create_notify_loop
from postledger.bootstrap.publishing import create_publish_loop, wait_for_others
from postledger.clicks.retention import delete_expired_clicks
from postledger.finance.approval.decide_once import delete_old_keys
from postledger.ledger.dispatch import BATCH_CHANGES, Consumer, Dispatcher, discard
from postledger.ledger.outbox import Change, Discarded
from postledger.ledger.partitions import make_partitions, retain
from postledger.ledger.sandbox import delete_old_rows
from postledger.metrics.worker_metrics import WorkerMetrics
from postledger.notifications.links import delete_old_links
from postledger.notifications.queue import delete_old_notifications
from postledger.outgoing.current_forwards import CurrentForwards
from postledger.outgoing.publishing.queue_publications import queue_publications
from postledger.outgoing.queue_deliveries import queue_deliveries
from postledger.outgoing.retention import delete_old_deliveries, delete_old_publications
from postledger.people.verify_chain import check_chain
from postledger.platform.broker_settings import BrokerSettings, read_broker_settings
from postledger.platform.json_log import EventLog, log_as_json
from postledger.platform.keyring import Keyring
from postledger.platform.postgres.connection import read_clock
from postledger.platform.server.greenlet_process import is_prepared
from postledger.platform.settings import BadSetting, WorkerSettings, read_environment, read_worker_settings
from postledger.platform.tasks.periodic import enqueue_due
from postledger.platform.tasks.queue import forget_settled
from postledger.platform.tasks.run import Report, Task, TaskRunner
from postledger.platform.work_loop import WorkLoop
from postledger.reconciliation.bank.old_texts import delete_old_texts
from postledger.reconciliation.invariants import INVARIANTS
from postledger.reconciliation.rules.statement_lines import FaultReason
from postledger.vocabulary.task_names import FIRST_RULES

_PERIODS = {
    "partitions": timedelta(hours=1),
    "retain": timedelta(days=1),
    "check_books": timedelta(hours=6),
    "rates": timedelta(hours=6),
    "audit": timedelta(hours=1),
    "remind": timedelta(minutes=5),
    "reconcile": timedelta(days=1),
}
"""How often each periodic task runs. Its name is one of `_list_tasks`."""
PARTS = ("tasks", "map", "forward", "publish", "export", "notify")
"""What a worker can do, in the order in which `--once` does it: tasks make changes, and changes make all else."""
_TASK_STATEMENT_TIMEOUT_MS = 15 * 60_000
_TASK_PAUSE_S = 1.0


class HandedOver(msgspec.Struct, frozen=True):
    """The log entry of one change that was handed over."""

    time: datetime
    receipt: str
    kind: str
    revision: int
    source: str | None
    event: str = "handed over"


class Configured(msgspec.Struct, frozen=True):
    """A consumer, whether the configuration gives it anything to do, and what counts its work after the commit."""

    consume: Consumer
    is_needed: Callable[[Connection[Any]], bool]
    count: Callable[[], None] = lambda: None


class _Tools(msgspec.Struct, frozen=True):
    """What the loops share."""

    settings: WorkerSettings
    broker: BrokerSettings | None
    keyring: Keyring
    events: EventLog
    metrics: WorkerMetrics
    stop: Event

    def connect(self, statement_timeout_ms: int = STATEMENT_TIMEOUT_MS) -> Connection[Any]:
        """Open a connection for a loop."""
        return connect_loop(self.settings.database_url, "worker", statement_timeout_ms)


def run_worker(parts: Collection[str], *, once: bool) -> bool:
    """Run these parts until SIGTERM, or `once` until there is nothing left to do. False if that failed.

    Raises `BadSetting`, and `NotPossible` if what was to be published `once` still waits.
    """
    assert is_prepared(), "the driver must wait in greenlets, or one loop would stop all others"
    environment = read_environment()
    settings, broker = read_worker_settings(environment), read_broker_settings(environment)
    if broker is None and "publish" in parts and not set(parts) >= set(PARTS):
        raise BadSetting("--only publish needs a broker; set POSTLEDGER_BROKER_URL")
    tasks, keyring = _list_tasks(settings), Keyring(settings.master_keys)
    metrics = WorkerMetrics(tasks, INVARIANTS, FaultReason)
    tools = _Tools(settings, broker, keyring, log_as_json(), metrics, Event())
    stop_by_signal(tools.stop)
    loops = _create_loops(parts, tools, tasks)
    if once:
        return _run_once(loops, tools, publishes=broker is not None and "publish" in parts)
    run_loops(loops, tools.connect, tools.metrics, settings.port, tools.stop)
    return True


def _create_loops(parts: Collection[str], tools: _Tools, tasks: Mapping[str, Task]) -> list[WorkLoop]:
    loops = {
        "tasks": _create_task_loops(tools, tasks),
        "map": [_create_dispatcher(tools)],
        "forward": [
            create_forward_loop(tools.keyring, tools.connect, tools.events, tools.metrics.count_delivery),
        ],
        "publish": _create_publish_loops(tools) if "publish" in parts else [],
        "export": [_create_export_loop(tools)] if "export" in parts else [],
        "notify": [_create_notify_loop(tools)],
    }
    return [loop for part in PARTS if part in parts for loop in loops[part]]


def _create_dispatcher(tools: _Tools) -> WorkLoop:
    count = partial(tools.metrics.count_job, "map")
    configured = _list_consumers(tools)
    dispatcher = Dispatcher([each.consume for each in configured])
    work = partial(_hand_over, dispatcher, configured, tools.events, partial(count, "done"))
    connect = partial(connect_mapper, tools.settings.database_url, "worker")
    return WorkLoop("map", work, connect, full_portion=BATCH_CHANGES, on_failure=partial(count, "retried"))


def _create_notify_loop(tools: _Tools) -> WorkLoop:
    return create_notify_loop(
        tools.keyring,
        tools.connect,
        tools.events,
        console_url=tools.settings.console_url,
        count_notification=tools.metrics.count_notification,
        on_failure=partial(tools.metrics.count_job, "notify", "retried"),
    )


def _create_publish_loops(tools: _Tools) -> list[WorkLoop]:
    if tools.broker is None:
        return []
    count, count_failed = tools.metrics.count_published, partial(tools.metrics.count_job, "publish", "retried")
    return [create_publish_loop(tools.broker, tools.connect, tools.events, count, count_failed)]


def _create_export_loop(tools: _Tools) -> WorkLoop:
    return create_export_loop(
        tools.keyring,
        tools.settings.exports,
        tools.connect,
        tools.events,
        count_export=tools.metrics.count_export,
        on_failure=partial(tools.metrics.count_job, "export", "retried"),
    )


def _create_task_loops(tools: _Tools, tasks: Mapping[str, Task]) -> list[WorkLoop]:
    # Periodic tasks have a loop of their own: they must not wait for hours for what an operator asked for.
    connect = partial(tools.connect, _TASK_STATEMENT_TIMEOUT_MS)

    def run(names: Collection[str]) -> TaskRunner:
        return TaskRunner({name: tasks[name] for name in names}, connect, tools.stop, tools.metrics.count_job)

    periodic = run(_PERIODS)

    def run_periodic(connection: Connection[Any]) -> int:
        enqueue_due(connection, _PERIODS, read_clock(connection))
        return periodic.work(connection)

    works = {"schedule": run_periodic}
    if asked := tasks.keys() - _PERIODS.keys():
        works["tasks"] = run(asked).work
    return [WorkLoop(name, work, connect, idle_pause_s=_TASK_PAUSE_S) for name, work in works.items()]


def _list_consumers(tools: _Tools) -> Sequence[Configured]:
    mapper, forwards = create_mapper(tools.connect, tools.metrics.count_mapped), CurrentForwards(tools.keyring)
    maps = not tools.settings.maps_from_broker
    return (
        *([Configured(mapper, mapper.is_needed, mapper.count)] if maps else []),
        Configured(queue_deliveries(forwards.find), lambda connection: bool(forwards.find(connection))),
        *([] if tools.broker is None else [Configured(queue_publications, lambda _: True)]),
        *([Configured(mapper.record, mapper.is_needed)] if maps else []),
    )


def _list_tasks(settings: WorkerSettings) -> dict[str, Task]:
    return {
        "partitions": _make_partitions,
        "retain": partial(_retain, settings),
        "check_books": partial(check_and_record, settings.maps_from_broker),
        "rates": check_rates,
        "audit": _verify_chain,
        "remind": remind_of_requests,
        "reconcile": partial(reconcile_month_before, Keyring(settings.master_keys)),
        FIRST_RULES: judge_by_first_rules,
    }


def _verify_chain(connection: Connection[Any], _args: Mapping[str, Any], report: Report) -> None:
    """Verify the audit chain, and record what is wrong for the alerts. A fault is no failure of the task."""
    check_chain(connection, read_clock(connection), report)


def _make_partitions(connection: Connection[Any], _args: Mapping[str, Any], _report: Report) -> None:
    make_partitions(connection, read_clock(connection))


def _retain(settings: WorkerSettings, connection: Connection[Any], _args: Mapping[str, Any], report: Report) -> None:
    now = read_clock(connection)
    retain(connection, now, settings.retention_days)
    report(1, 7)
    delete_old_deliveries(connection, now, settings.retention_days)
    delete_old_links(connection, now)
    delete_old_keys(connection, now)
    delete_old_publications(connection, now, settings.retention_days)
    report(2, 7)
    delete_expired_clicks(connection, now, settings.click_retention_days)
    report(3, 7)
    forget_settled(connection, now)
    report(4, 7)
    delete_old_rows(connection, now)
    report(5, 7)
    delete_old_notifications(connection, now, settings.retention_days)
    report(6, 7)
    delete_old_texts(connection, now)
    report(7, 7)


def _hand_over(
    dispatcher: Dispatcher,
    configured: Sequence[Configured],
    events: EventLog,
    count: Callable[[int], None],
    connection: Connection[Any],
) -> int | None:
    def is_needed(connection: Connection[Any]) -> bool:
        return any(each.is_needed(connection) for each in configured)

    changes: Sequence[Change | Discarded] | None
    if is_needed(connection):
        changes = dispatcher.dispatch(connection)
        for each in configured if changes else ():
            each.count()
    else:
        changes = discard(connection, is_needed)
    if changes is None:
        return None
    now = datetime.now(UTC)
    for change in changes:
        events.add(HandedOver(now, change.receipt, change.kind, change.revision, change.source))
    events.write()
    count(len(changes))
    return len(changes)


def _run_once(loops: Sequence[WorkLoop], tools: _Tools, *, publishes: bool) -> bool:
    is_done = all(loop.run_until_idle(tools.stop) for loop in loops)
    if is_done and publishes:
        wait_for_others(tools.connect, tools.stop)
    return is_done

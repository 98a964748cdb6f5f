"""Wires the forwards of a worker: the consumer that queues deliveries, and the loop that sends them."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec
from psycopg import Connection

from postledger.notifications.announce import announce_switch_off
from postledger.outgoing.conclusion import Outcome
from postledger.outgoing.connect import Network, trust_system
from postledger.outgoing.current_forwards import CurrentForwards
from postledger.outgoing.delivery import Result
from postledger.outgoing.forwarder import Forwarder
from postledger.outgoing.resolve import SystemResolver
from postledger.platform.json_log import EventLog
from postledger.platform.keyring import Keyring
from postledger.platform.work_loop import WorkLoop


class Forwarded(msgspec.Struct, frozen=True, omit_defaults=True):
    """The log entry of one attempt. It names no URL, because a URL can contain a secret."""

    time: datetime
    event: str
    receipt: str
    forward: str
    revision: int
    attempt: int
    outcome: Outcome
    state: str
    took_ms: int
    http_status: int | None = None
    fault: str | None = None


def create_forward_loop(
    keyring: Keyring,
    connect: Callable[[], Connection[Any]],
    events: EventLog,
    count_delivery: Callable[[str, Outcome], None],
) -> WorkLoop:
    """Make the loop that sends what is queued."""

    def report(forward: str, result: Result, outcome: Outcome) -> None:
        count_delivery(forward, outcome)
        events.add(_log_entry(forward, result, outcome))

    network = Network(SystemResolver(), trust_system())
    forwarder = Forwarder(CurrentForwards(keyring).find, network, report, on_switch_off=announce_switch_off)

    def work(connection: Connection[Any]) -> int:
        done = forwarder.work(connection)
        events.write()
        return done

    def finish(connection: Connection[Any]) -> None:
        forwarder.close(connection)
        events.write()

    return WorkLoop("forward", work, connect, finish=finish)


def _log_entry(forward: str, result: Result, outcome: Outcome) -> Forwarded:
    return Forwarded(
        result.at,
        "forwarded",
        result.receipt,
        forward,
        result.revision,
        result.attempt,
        outcome,
        result.state,
        result.took_ms,
        result.http_status,
        result.fault,
    )

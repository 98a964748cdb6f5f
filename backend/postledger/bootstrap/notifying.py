"""Wires the notifications of a worker: the loop that sends them."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec
from psycopg import Connection

from postledger.notifications.current_settings import CurrentSettings
from postledger.notifications.facts import Kind
from postledger.notifications.notifier import Notifier
from postledger.notifications.queue import Channel
from postledger.notifications.recorder import Attempt, Recorder, Result
from postledger.outgoing.connect import Network, trust_system
from postledger.outgoing.resolve import SystemResolver
from postledger.platform.json_log import EventLog
from postledger.platform.keyring import Keyring
from postledger.platform.work_loop import WorkLoop

_PAUSE_S = 1.0
"""How long a notification may wait until it is found."""


class NotifiedEvent(msgspec.Struct, frozen=True, omit_defaults=True):
    """The log entry of one attempt. It names no address, and no text of the message."""

    time: datetime
    event: str
    notification: str
    kind: Kind
    subject: str
    channel: Channel
    attempt: int
    result: Result
    fault: str | None = None


def create_notify_loop(
    keyring: Keyring,
    connect: Callable[[], Connection[Any]],
    events: EventLog,
    *,
    console_url: str | None,
    count_notification: Callable[[Channel, Result], None],
    on_failure: Callable[[], None],
) -> WorkLoop:
    """Make the loop that tells people what waits for them."""

    def report(attempt: Attempt) -> None:
        count_notification(attempt.notification.channel, attempt.result)
        events.add(_log_entry(attempt))

    network = Network(SystemResolver(), trust_system())
    notifier = Notifier(CurrentSettings(keyring), network, console_url, Recorder(report))

    def work(connection: Connection[Any]) -> int:
        try:
            return notifier.work(connection)
        finally:
            events.write()

    return WorkLoop("notify", work, connect, idle_pause_s=_PAUSE_S, on_failure=on_failure)


def _log_entry(attempt: Attempt) -> NotifiedEvent:
    note = attempt.notification
    return NotifiedEvent(
        attempt.at,
        "notified",
        note.id,
        note.kind,
        note.subject_id,
        note.channel,
        note.attempts,
        attempt.result,
        attempt.fault,
    )

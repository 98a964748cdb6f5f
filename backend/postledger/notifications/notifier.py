"""Sends what people are to be told: finds who gets it, leases what is due, sends it, and records what came of it.

Each is sent at least once. A repeat has the same id, so that a reader's program can show it once.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import gevent
from psycopg import Connection

from postledger.notifications.current_settings import CurrentSettings
from postledger.notifications.mailer import TIMEOUT_S, MailFailed, MailFault, MailSession, open_session
from postledger.notifications.mails import Prepared, prepare_mails
from postledger.notifications.poster import Message, post
from postledger.notifications.posts import write_post
from postledger.notifications.queue import (
    MOST_ADDRESSED,
    Notification,
    address,
    lease_mails,
    lease_posts,
    lock_unaddressed,
    release,
)
from postledger.notifications.recorder import Recorder
from postledger.notifications.subjects import look_up
from postledger.outgoing.connect import Network
from postledger.platform.postgres.connection import read_clock
from postledger.policy.notify_config import MailServer, NotifyConfig

_SENDING_S, _SESSION_S = 20.0, 40.0
"""When no other one is begun, and when even the one under way ends. A lease lasts for 60 seconds."""
NO_RECIPIENT, NOT_CONFIGURED, SECRET = "no_recipient", "not_configured", "secret"


class Notifier:
    """Sends notifications. `work` is called again and again on one connection. `console_url`: where links lead."""

    def __init__(
        self,
        settings: CurrentSettings,
        network: Network,
        console_url: str | None,
        recorder: Recorder,
        *,
        clock: Callable[[Connection[Any]], datetime] = read_clock,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self._settings, self._network, self._console_url, self._recorder = settings, network, console_url, recorder
        self._clock, self._timeout_s = clock, timeout_s

    def work(self, connection: Connection[Any]) -> int:
        """Send what is due to one person, and some of what is due for the webhook. Returns how many were tried."""
        now = self._clock(connection)
        config = self._settings.find(connection)
        while self._address(connection, now) == MOST_ADDRESSED:
            pass
        return self._send_mails(connection, config, now) + self._send_posts(connection, config, now)

    def _address(self, connection: Connection[Any], now: datetime) -> int:
        """Find who gets what was noted. What nobody gets is given up, unless there is nothing to tell any more."""
        with connection.transaction():
            noted = lock_unaddressed(connection)
            if not noted:
                return 0
            told = look_up(connection, {(each.kind, each.subject_id) for each in noted}, now)
            found = {each.id: told.get((each.kind, each.subject_id)) for each in noted}
            users = {note_id: [user.id for user in each.users] for note_id, each in found.items() if each is not None}
            address(connection, {note_id: user_ids for note_id, user_ids in users.items() if user_ids}, now)
        self._recorder.end(connection, [each for each in noted if each.id not in users], "obsolete", now)
        lost = [each for each in noted if users.get(each.id) == []]
        self._recorder.end(connection, lost, "dropped", now, fault=NO_RECIPIENT)
        return len(noted)

    def _send_mails(self, connection: Connection[Any], config: NotifyConfig | None, now: datetime) -> int:
        notes = lease_mails(connection, now)
        if not notes:
            return 0
        if config is None or (server := config.notify.mail) is None:
            self._recorder.end(connection, notes, "obsolete", now, fault=NOT_CONFIGURED)
            return len(notes)
        if config.login is None:
            self._recorder.retry(connection, notes, SECRET, now)
            return len(notes)
        due = prepare_mails(connection, notes, config.notify.console_url or self._console_url, now)
        self._recorder.end(connection, due.obsolete, "obsolete", now)
        if due.mails:
            self._send_over_session(connection, server, config.login, due.mails, now)
        return len(notes)

    def _send_over_session(
        self,
        connection: Connection[Any],
        server: MailServer,
        login: tuple[str, ...],
        mails: list[Prepared],
        now: datetime,
    ) -> None:
        started_s, fault = time.monotonic(), None
        try:
            with _bounded(_SESSION_S), open_session(server, login, self._timeout_s) as session:
                while mails and time.monotonic() - started_s < _SENDING_S:
                    self._send_mail(connection, session, mails[0], now)
                    del mails[0]
        except MailFailed as failed:
            fault = failed.fault
        left = [note for each in mails for note in each.notes]
        if fault is None:
            release(connection, [note.id for note in left])
        else:
            self._recorder.retry(connection, left, fault, now)

    def _send_mail(self, connection: Connection[Any], session: MailSession, each: Prepared, now: datetime) -> None:
        try:
            session.send(each.mail, now)
        except MailFailed as failed:
            if failed.ends_session:
                raise
            if failed.is_final:
                self._recorder.end(connection, each.notes, "dropped", now, fault=failed.fault)
            else:
                self._recorder.retry(connection, each.notes, failed.fault, now)
        else:
            self._recorder.end(connection, each.notes, "sent", now)

    def _send_posts(self, connection: Connection[Any], config: NotifyConfig | None, now: datetime) -> int:
        notes, started_s = lease_posts(connection, now), time.monotonic()
        told = look_up(connection, {(each.kind, each.subject_id) for each in notes}, now) if notes else {}
        for number, each in enumerate(notes):
            if time.monotonic() - started_s >= _SENDING_S:
                release(connection, [note.id for note in notes[number:]])
                break
            if config is None or config.notify.webhook is None:
                self._recorder.end(connection, [each], "obsolete", now, fault=NOT_CONFIGURED)
            elif (found := told.get((each.kind, each.subject_id))) is None:
                self._recorder.end(connection, [each], "obsolete", now)
            else:
                self._post(connection, config, each, write_post(each.kind, found.facts, each.created_at), now)
        return len(notes)

    def _post(
        self, connection: Connection[Any], config: NotifyConfig, note: Notification, body: bytes, now: datetime
    ) -> None:
        secrets, fault = config.webhook_secrets, SECRET if not config.webhook_secrets else None
        if secrets and config.notify.webhook is not None:
            fault = post(config.notify.webhook, Message(note.id, body), secrets, self._network, now)
        if fault is None:
            self._recorder.end(connection, [note], "sent", now)
        else:
            self._recorder.retry(connection, [note], fault, now)


@contextmanager
def _bounded(seconds: float) -> Iterator[None]:
    """End what takes too long in all, although each answer came in time."""
    timeout = gevent.Timeout(seconds)
    try:
        with timeout:
            yield
    except gevent.Timeout as passed:
        if passed is not timeout:
            raise
        raise MailFailed(MailFault.TIMEOUT) from None

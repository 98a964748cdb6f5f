"""What happens to notifications while a mail server fails: nothing is lost for days, and no secret goes astray."""

import socket
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from psycopg import Connection

from postledger.platform.postgres.connection import connect
from postledger.policy.notify_config import MailServer
from tests.parts.notifying import LOGIN, START, MailAuthority, Notifying, recipients
from tests.parts.part import ANSWER_WITHIN_S
from tests.parts.ports import free_port
from tests.parts.receivers import Mailbox
from tests.parts.waiting_requests import write_rule


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> MailAuthority:
    return MailAuthority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def mailbox(authority: MailAuthority) -> Iterator[Mailbox]:
    with Mailbox(authority.context, *LOGIN) as mailbox:
        yield mailbox


@pytest.fixture
def ledger(database: str) -> Iterator[Connection[Any]]:
    with connect(database, name="test", statement_timeout_ms=60_000) as connection:
        write_rule(connection, "over-100", ["manager"])
        yield connection


@pytest.fixture
def notifying(ledger: Connection[Any], master_key: str, mailbox: Mailbox, authority: MailAuthority) -> Notifying:
    notifying = Notifying(ledger, master_key)
    notifying.use_mailbox(mailbox, authority)
    notifying.add_user("mia", "manager")
    return notifying


def test_a_server_that_is_down_gets_the_mail_later(
    notifying: Notifying, mailbox: Mailbox, authority: MailAuthority
) -> None:
    notifying.use_mailbox(mailbox, authority, port=free_port())
    notifying.ask()
    notifying.work()
    assert notifying.states() == [("waiting", "connect")]

    notifying.use_mailbox(mailbox, authority)
    notifying.pass_time(seconds=29)
    assert mailbox.mails == []
    notifying.pass_time(seconds=1)

    assert recipients(mailbox.mails) == ["mia"]
    assert notifying.results == [("retried", "connect"), ("sent", None)]


def test_a_repeated_mail_has_the_same_id(notifying: Notifying, mailbox: Mailbox) -> None:
    notifying.ask()
    notifying.work()
    notifying.ledger.execute("UPDATE notifications SET state = 'waiting'")  # the worker died before it recorded it

    notifying.pass_time(minutes=2)

    first, again = mailbox.mails
    assert first.message["Message-ID"] == again.message["Message-ID"]


def test_what_cannot_be_told_for_three_days_is_given_up(notifying: Notifying, mailbox: Mailbox) -> None:
    mailbox.unknown["mia@example.com"] = "450 4.2.1 try again later"
    notifying.ask()

    for _ in range(3 * 24 + 4):
        notifying.pass_time(hours=1)

    assert notifying.states() == [("dropped", "recipient")]
    assert notifying.results[-1] == ("dropped", "recipient")
    assert {result for result, _ in notifying.results[:-1]} == {"retried"}
    assert notifying.attempts[-1].at <= START + timedelta(days=3, hours=2)


def test_an_unknown_address_does_not_keep_others_from_their_mail(notifying: Notifying, mailbox: Mailbox) -> None:
    notifying.add_user("max", "manager")
    mailbox.unknown["mia@example.com"] = "550 5.1.1 no such user"
    notifying.ask()

    notifying.work()

    assert recipients(mailbox.mails) == ["max"]
    assert sorted(notifying.states()) == [("dropped", "recipient"), ("sent", None)]


def test_a_wrong_password_is_a_fault_of_the_login(
    notifying: Notifying, mailbox: Mailbox, authority: MailAuthority
) -> None:
    notifying.configure(mail=read_server(notifying, mailbox, authority), login=("postledger", "wrong"))
    notifying.ask()

    notifying.work()

    assert (notifying.states(), mailbox.mails) == ([("waiting", "login")], [])
    assert ("postledger", False) in mailbox.logins


def test_a_server_that_nobody_vouches_for_gets_nothing(
    notifying: Notifying, mailbox: Mailbox, authority: MailAuthority, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = MailAuthority(tmp_path_factory.mktemp("other"))
    notifying.use_mailbox(mailbox, authority, ca=other.certificate)
    notifying.ask()

    notifying.work()

    assert notifying.states() == [("waiting", "tls")]
    assert (mailbox.mails, mailbox.logins) == ([], [])


def test_a_server_without_encryption_gets_nothing(notifying: Notifying, authority: MailAuthority) -> None:
    with Plain() as plain:
        server = MailServer("localhost", plain.port, "starttls", "postledger@example.com", authority.certificate)
        notifying.configure(mail=server)
        notifying.ask()
        notifying.work()

    assert notifying.states() == [("waiting", "tls")]
    assert plain.mails == []


def test_a_server_on_this_machine_may_do_without_encryption(notifying: Notifying) -> None:
    with Plain() as plain:
        notifying.configure(mail=MailServer("127.0.0.1", plain.port, "none", "postledger@example.com"), login=())
        notifying.ask()
        notifying.work()

    assert notifying.states() == [("sent", None)]
    assert len(plain.mails) == 1


def test_encryption_from_the_first_byte(notifying: Notifying, authority: MailAuthority) -> None:
    with Plain(ssl_context=authority.context) as server:
        notifying.configure(
            mail=MailServer("localhost", server.port, "tls", "postledger@example.com", authority.certificate), login=()
        )
        notifying.ask()
        notifying.work()

    assert notifying.states() == [("sent", None)]


def test_a_login_that_no_key_decrypts_is_named(notifying: Notifying, mailbox: Mailbox) -> None:
    notifying.ledger.execute("UPDATE notify_secrets SET ciphertext = 'broken'")
    notifying.ask()

    notifying.work()

    assert (notifying.states(), mailbox.logins) == ([("waiting", "secret")], [])


def test_what_nobody_can_be_told_is_given_up_and_counted(notifying: Notifying) -> None:
    notifying.ask(created_by="mia")

    notifying.work()

    assert notifying.results == [("dropped", "no_recipient")]


def test_what_is_not_configured_any_more_is_obsolete(notifying: Notifying, mailbox: Mailbox) -> None:
    notifying.ask()
    notifying.ledger.execute("DELETE FROM notify")
    notifying.ledger.execute("UPDATE policy_version SET version = version + 1")

    notifying.work()

    assert (notifying.states(), mailbox.mails) == ([("obsolete", "not_configured")], [])


def test_a_lease_of_a_killed_worker_runs_out(notifying: Notifying, mailbox: Mailbox) -> None:
    notifying.ask()
    until = START + timedelta(seconds=60)
    notifying.work()
    notifying.ledger.execute(
        "UPDATE notifications SET state = 'waiting', settled_at = NULL, leased_until = %s", (until,)
    )

    notifying.pass_time(seconds=59)
    assert len(mailbox.mails) == 1
    notifying.pass_time(seconds=1)

    assert len(mailbox.mails) == 2


def read_server(notifying: Notifying, mailbox: Mailbox, authority: MailAuthority) -> MailServer:
    """The mailbox as it is configured."""
    port = int(mailbox.smarthost.rpartition(":")[2])
    return MailServer("localhost", port, "starttls", "postledger@example.com", authority.certificate)


class Plain(Controller):
    """A mail server that asks for no login, and offers no STARTTLS."""

    def __init__(self, **options: Any) -> None:
        self.mails: list[bytes] = []
        super().__init__(self, "127.0.0.1", free_port(), ready_timeout=ANSWER_WITHIN_S, **options)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - the library's name
        """Keep a mail."""
        self.mails.append(envelope.content)
        return "250 OK"

    def _trigger_server(self) -> None:
        """Connect once, without the handshake, for which the library would need a client's context."""
        socket.create_connection((self.hostname, self.port), timeout=ANSWER_WITHIN_S).close()

    def __enter__(self) -> "Plain":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

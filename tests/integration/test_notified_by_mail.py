"""People are told by mail what waits for them: a real mail server with TLS and login, and a clock that tests set."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from psycopg import Connection

from postledger.finance.approval.decide import Decision, decide
from postledger.notifications.announce import announce_reminders, announce_requests, announce_switch_off
from postledger.notifications.links import open_link
from postledger.people.delegations import delegate
from postledger.people.users import disable_user, find_user
from postledger.platform.postgres.connection import connect
from tests.parts.notifying import LOGIN, START, MailAuthority, Notifying, read_text, read_tokens, recipients
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
    return notifying


def test_a_manager_is_told_with_a_link_to_decide(notifying: Notifying, mailbox: Mailbox) -> None:
    mia = notifying.add_user("mia", "manager")
    request = notifying.ask("150.5")

    notifying.work()

    (mail,) = mailbox.mails
    (token,) = read_tokens(mail)
    link = open_link(notifying.ledger, token, START)
    assert (mail.sender, mail.recipients) == ("postledger@example.com", ("mia@example.com",))
    assert mail.message["Subject"] == "Approval waits: 456"
    assert all(each in read_text(mail) for each in ("150.50 USD", "456", "Commission", "1 of 1, manager", request))
    assert (link.approval_id, link.user_id) == (request, mia)
    assert (notifying.states(), notifying.results) == ([("sent", None)], [("sent", None)])
    assert mailbox.logins == [("postledger", True)]


def test_only_those_who_may_decide_are_told(notifying: Notifying, mailbox: Mailbox) -> None:
    for login, role in (("mia", "manager"), ("ole", "operator"), ("dan", "director"), ("gone", "manager")):
        notifying.add_user(login, role)
    notifying.add_user("pia", "manager", payee="456")
    notifying.add_user("bob", "manager", email="")
    notifying.add_user("eve", "manager")
    disable_user(notifying.ledger, "gone", "ada", START)
    notifying.ask(created_by="eve")

    notifying.work()

    assert recipients(mailbox.mails) == ["mia"]


def test_a_delegate_is_told_too(notifying: Notifying, mailbox: Mailbox) -> None:
    notifying.add_user("mia", "manager")
    notifying.add_user("tom", "viewer", "operator")
    day = timedelta(days=1)
    delegate(notifying.ledger, "mia", "tom", since=START - day, until=START + day, actor="ada", now=START)
    notifying.ask()

    notifying.work()

    assert recipients(mailbox.mails) == ["mia", "tom"]


def test_the_next_step_is_told_to_those_who_take_it(notifying: Notifying, mailbox: Mailbox) -> None:
    notifying.add_user("mia", "manager")
    notifying.add_user("dan", "director")
    request = notifying.ask(steps=("manager", "director"))
    notifying.work()
    assert recipients(mailbox.mails) == ["mia"]

    mia = find_user(notifying.ledger, "mia")
    notifying.now += timedelta(minutes=2)
    decision = Decision("approve", [request])
    decide(notifying.ledger, mia, decision, notifying.now, on_requests=announce_requests)
    notifying.work()

    assert recipients(mailbox.mails) == ["dan", "mia"]
    assert "2 of 2, director" in read_text(mailbox.mails[-1])


def test_what_was_decided_meanwhile_is_not_told(notifying: Notifying, mailbox: Mailbox) -> None:
    notifying.add_user("mia", "manager")
    notifying.add_user("max", "manager")
    mailbox.unknown["mia@example.com"] = mailbox.unknown["max@example.com"] = "450 later"
    request = notifying.ask()
    notifying.work()

    mia = find_user(notifying.ledger, "mia")
    decide(notifying.ledger, mia, Decision("reject", [request]), notifying.now, on_requests=announce_requests)
    mailbox.unknown.clear()
    notifying.pass_time(hours=1)

    assert mailbox.mails == []
    assert [state for state, _ in notifying.states()] == ["obsolete"] * 2


def test_a_reminder_says_that_it_is_one(notifying: Notifying, mailbox: Mailbox) -> None:
    notifying.add_user("mia", "manager")
    request = notifying.ask()
    notifying.work()

    announce_reminders(notifying.ledger, [request], notifying.now + timedelta(days=2))
    notifying.pass_time(days=2)

    assert [mail.message["Subject"] for mail in mailbox.mails] == [
        "Approval waits: 456",
        "Reminder: approval still waits: 456",
    ]


def test_operators_are_told_of_a_forward_that_is_off(notifying: Notifying, mailbox: Mailbox) -> None:
    for login, role in (("mia", "manager"), ("ole", "operator"), ("ada", "admin")):
        notifying.add_user(login, role)
    notifying.ledger.execute(
        "INSERT INTO forwards (slug, settings, created_at, updated_at, circuit) VALUES ('voluum', '{}', %s, %s, 'off')",
        (START, START),
    )

    announce_switch_off(notifying.ledger, "voluum", START)
    announce_switch_off(notifying.ledger, "resumed", START)
    notifying.work()

    assert recipients(mailbox.mails) == ["ada", "ole"]
    assert "postledger forwards resume voluum" in read_text(mailbox.mails[0])


def test_many_at_once_come_in_one_mail_with_their_links(notifying: Notifying, mailbox: Mailbox) -> None:
    notifying.add_user("mia", "manager")
    for _ in range(25):
        notifying.ask()

    notifying.work()

    (mail,) = mailbox.mails
    assert len(set(read_tokens(mail))) == 20
    assert "And 5 more." in read_text(mail)
    assert "postledger approvals list --waiting-for mia" in read_text(mail)
    assert notifying.states() == [("sent", None)] * 25


def test_a_person_gets_ten_mails_a_minute_and_then_one(notifying: Notifying, mailbox: Mailbox) -> None:
    notifying.add_user("mia", "manager")
    for second in range(13):
        notifying.ask()
        notifying.pass_time(seconds=int(second < 12))
    assert len(mailbox.mails) == 10

    notifying.pass_time(seconds=60)

    assert len(mailbox.mails) == 13
    assert {state for state, _ in notifying.states()} == {"sent"}

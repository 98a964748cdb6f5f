"""A real worker tells people of a postback that needs approval, and leaves none of it in its log and its metrics."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from postledger.ledger.writer import write_entries
from postledger.notifications.links import open_link
from tests.acceptance.canaries import Canaries
from tests.acceptance.evidence import SignatureInput
from tests.parts.cli import CommandLine
from tests.parts.databases import fetch
from tests.parts.entries import entry_of
from tests.parts.mapping import FINANCE, RULE, open_ledger
from tests.parts.notifying import CONSOLE, LOGIN, SIGNING, START, MailAuthority, read_text, read_tokens
from tests.parts.receivers import Mailbox
from tests.parts.sinks import Sink
from tests.parts.sources import add_click
from tests.parts.waiting import wait_until
from tests.parts.worker import Worker

OVER = '[[approval_rules]]\nslug = "all"\non = "line"\nover = { USD = "0.01" }\nsteps = ["manager"]\n'
NOTIFY = """
[notify.mail]
host = "localhost"
port = {port}
from = "Postledger <postledger@example.com>"
login_env = "SMTP_LOGIN"
password_env = "SMTP_PASSWORD"
ca = "{ca}"

[notify.webhook]
url = "{url}"
secrets_env = ["NOTIFY_SECRET"]
allow_private = true
"""


@pytest.fixture
def receivers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Mailbox, Sink, str]]:
    authority = MailAuthority(tmp_path_factory.mktemp("authority"))
    with ExitStack() as stack:
        mailbox = stack.enter_context(Mailbox(authority.context, *LOGIN))
        yield mailbox, stack.enter_context(Sink()), authority.file


def test_a_worker_tells_of_a_postback_and_logs_none_of_it(
    database: str, cli: CommandLine, receivers: tuple[Mailbox, Sink, str]
) -> None:
    mailbox, sink, ca = receivers
    canaries, evidence = Canaries(), SignatureInput()
    cli.environment |= {"SMTP_LOGIN": LOGIN[0], "SMTP_PASSWORD": LOGIN[1], "NOTIFY_SECRET": SIGNING}
    port = mailbox.smarthost.rpartition(":")[2]
    file = cli.write("notify.toml", FINANCE + RULE + OVER + NOTIFY.format(port=port, ca=ca, url=sink.url))
    address = f"{canaries.email.partition('@')[0]}@example.com"
    assert cli("user", "add", "mia", "--role", "manager", "--email", address).code == 0
    assert cli("user", "add", "max", "--role", "manager").code == 0
    assert cli("apply", file).code == 0

    with Worker({**cli.environment, "POSTLEDGER_CONSOLE_URL": CONSOLE}) as worker:
        add_click(database, "C1", None, "456")
        with open_ledger(database) as ledger:
            write_entries(ledger, [entry_of(transaction_id="T1", payout=canaries.payout, event="sale")])
        wait_until(lambda: bool(mailbox.mails and sink.asked) and is_settled(database), what="a mail and a post")
        wait_until(lambda: len(worker.log_lines("notified")) == 2, what="two entries of the log")
        evidence.add("metrics", worker.get("/metrics").content)
        evidence.add_processes()
        evidence.add_tree(worker.home)
        logged = worker.log_lines("notified")

    (mail,) = mailbox.mails
    (token,) = read_tokens(mail)
    for name, secret in (("password", LOGIN[1]), ("signing key", SIGNING), ("link", token), ("address", address)):
        canaries.watch(name, secret)
    evidence.add("notifications", str(fetch(database, "SELECT * FROM notifications")))
    evidence.add("links", str(fetch(database, "SELECT * FROM decision_links")))
    evidence.add("post", sink.asked[0].body)
    assert canaries.payout in read_text(mail)
    assert evidence.leaks(canaries) == []
    with open_ledger(database) as ledger:
        assert open_link(ledger, token, START).approval_id == logged[0]["subject"]
    assert sorted((each["channel"], each["result"]) for each in logged) == [("mail", "sent"), ("webhook", "sent")]


def is_settled(database: str) -> bool:
    """Whether nothing waits any more."""
    return fetch(database, "SELECT count(*) FROM notifications WHERE state = 'waiting'") == [(0,)]

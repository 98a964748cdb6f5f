"""A worker's notifications on a ledger, with people, a mail server or a webhook, and a clock that a test sets."""

import re
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from psycopg import Connection

from postledger.notifications.announce import announce_requests
from postledger.notifications.current_settings import CurrentSettings
from postledger.notifications.notifier import Notifier
from postledger.notifications.recorder import Attempt, Recorder
from postledger.outgoing.connect import Network, trust_system
from postledger.outgoing.resolve import SystemResolver
from postledger.people.user import NewUser
from postledger.people.users import add_user, find_user
from postledger.platform.keyring import Keyring
from postledger.policy.notify_config import MailServer, Notify, NotifyConfig, Webhook
from postledger.policy.notify_store import NotifyStore
from tests.edge.authority import Authority
from tests.parts.part import ANSWER_WITHIN_S
from tests.parts.receivers import Mail, Mailbox
from tests.parts.waiting_requests import write_request

START = datetime(2026, 11, 1, 12, tzinfo=UTC)
CONSOLE = "https://console.example"
LOGIN = ("postledger", "pass-of-the-mail-server")
SIGNING = "whsec_AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="
LINK = re.compile(re.escape(CONSOLE) + r"/decide#(pld_\S+)")


class MailAuthority:
    """Vouches for a mail server at `localhost`."""

    def __init__(self, folder: Path) -> None:
        issuer = Authority("CN=mail authority")
        self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.context.load_cert_chain(*issuer.issue_for("localhost").files(folder))
        self.certificate = Path(issuer.files(folder)[0]).read_text("utf-8")
        self.file = str(issuer.files(folder)[0])


class Notifying:
    """The notifications of one worker."""

    def __init__(self, ledger: Connection[Any], master_key: str) -> None:
        self.ledger, self.now = ledger, START
        self.attempts: list[Attempt] = []
        self._keyring = Keyring([master_key])
        self.notifier = self.make_notifier()

    def make_notifier(self) -> Notifier:
        """Make the notifier of a worker."""
        network = Network(SystemResolver(), trust_system())
        recorder = Recorder(self.attempts.append, lambda: 0.5)
        settings = CurrentSettings(self._keyring)
        return Notifier(settings, network, CONSOLE, recorder, clock=lambda _: self.now, timeout_s=ANSWER_WITHIN_S)

    def configure(
        self,
        mail: MailServer | None = None,
        webhook: Webhook | None = None,
        *,
        login: tuple[str, ...] = LOGIN,
        secrets: tuple[str, ...] = (SIGNING,),
    ) -> None:
        """Put `[notify]` into force."""
        config = NotifyConfig(Notify(None, mail, webhook), login, secrets)
        NotifyStore(self.ledger, self._keyring).write(config, START)
        self.ledger.execute("UPDATE policy_version SET version = version + 1")

    def use_mailbox(self, mailbox: Mailbox, authority: MailAuthority, **changes: Any) -> None:
        """Send mails to a mail server."""
        port = int(mailbox.smarthost.rpartition(":")[2])
        server = MailServer("localhost", port, "starttls", "Postledger <postledger@example.com>", authority.certificate)
        self.configure(mail=msgspec.structs.replace(server, **changes))

    def add_user(self, login: str, *roles: str, payee: str | None = None, email: str | None = None) -> int:
        """Add a user with a mail address."""
        address = f"{login}@example.com" if email is None else email or None
        user = NewUser(login, list(roles), login.capitalize(), email=address, payee=payee)
        add_user(self.ledger, user, "ada", START)
        return find_user(self.ledger, login).id

    def ask(self, amount: str = "150", steps: Sequence[str] = ("manager",), **facts: Any) -> str:
        """Make a request, and note that it waits."""
        request = write_request(self.ledger, amount, steps=steps, created_at=self.now, **facts)
        announce_requests(self.ledger, [request], self.now)
        return request

    def work(self) -> None:
        """Send until there is nothing left to do now."""
        while self.notifier.work(self.ledger):
            pass

    def pass_time(self, **span: float) -> None:
        """Let time pass, and send what is due then."""
        self.now += timedelta(**span)
        self.work()

    def states(self) -> list[tuple[str, str | None]]:
        """The state of each notification and its fault."""
        return self.ledger.execute("SELECT state, fault FROM notifications ORDER BY created_at, user_id, id").fetchall()

    @property
    def results(self) -> list[tuple[str, str | None]]:
        """What was reported, in order."""
        return [(attempt.result, attempt.fault) for attempt in self.attempts]


def recipients(mails: Sequence[Mail]) -> list[str]:
    """Who got mails, in the order of their names."""
    return sorted(address.partition("@")[0] for mail in mails for address in mail.recipients)


def read_text(mail: Mail) -> str:
    """The text of a mail."""
    return mail.text("plain")


def read_tokens(mail: Mail) -> list[str]:
    """The tokens of the links in a mail."""
    return LINK.findall(read_text(mail))

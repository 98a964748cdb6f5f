"""Where alerts arrive, as Alertmanager sends them: a webhook, Slack's or PagerDuty's among them, and a mail server.

Both keep all that they get, in the order in which it comes, and can be told to refuse it.
"""

import json
import ssl
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import TracebackType
from typing import Any, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.parts.part import ANSWER_WITHIN_S
from tests.parts.ports import free_port
from tests.parts.waiting import wait_until


@dataclass(frozen=True, slots=True)
class Letter:
    """One request as it came: its path, its `Authorization`, and its body, which is JSON."""

    path: str
    authorization: str | None
    body: dict[str, Any]


class Catcher:
    """A webhook that answers every POST with `status`."""

    def __init__(self, status: int = 200) -> None:
        self.letters: list[Letter] = []
        catcher = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                catcher.letters.append(Letter(self.path, self.headers["Authorization"], body))
                self.send_response(status)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's own word
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = Thread(target=self._server.serve_forever)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/"

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The bodies alone."""
        return [letter.body for letter in list(self.letters)]

    def sent_to(self, path: str) -> list[dict[str, Any]]:
        """The bodies that came to this path."""
        return [letter.body for letter in list(self.letters) if letter.path == path]

    def heard(self, status: str, **labels: str) -> bool:
        """True when an alert with these labels has been told with this status, `firing` or `resolved`."""
        return any(
            alert["status"] == status and labels.items() <= alert["labels"].items()
            for message in self.messages
            for alert in message["alerts"]
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail as it was delivered: by whom, to whom, and the whole of it."""

    sender: str
    recipients: tuple[str, ...]
    message: EmailMessage

    def text(self, kind: str) -> str:
        """The part of this kind, `plain` or `html`."""
        part = self.message.get_body((kind,))
        assert part is not None, f"the mail has a part {kind}"
        return str(part.get_content())


class _MailServer(Controller):
    """Knows whom it speaks with: to be stopped in the middle of that leaves a connection that nobody closes."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._speakers: list[SMTP] = []

    def factory(self) -> SMTP:
        """Make what speaks with one client."""
        self._speakers.append(super().factory())  # type: ignore[no-untyped-call] # the library's own
        return self._speakers[-1]

    def is_speaking(self) -> bool:
        """True while a connection is open."""
        return any(speaker.transport is not None for speaker in self._speakers)


class Mailbox:
    """A mail server that takes mail only over TLS and from whoever logs in with this name and password."""

    def __init__(self, context: ssl.SSLContext, login: str, password: str) -> None:
        self.mails: list[Mail] = []
        self.logins: list[tuple[str, bool]] = []
        """Who tried to log in, and whether with the right password."""
        self.unknown: dict[str, str] = {}
        """The answer to mails for an address that it does not take."""
        port = free_port()
        self.smarthost = f"localhost:{port}"  # by a name that a certificate can be for
        self._controller = _MailServer(
            self,
            hostname="127.0.0.1",
            port=port,
            tls_context=context,
            require_starttls=True,
            auth_required=True,
            ready_timeout=ANSWER_WITHIN_S,
            auth_exclude_mechanism=["LOGIN"],  # its prompts are in words that Alertmanager does not know
            authenticator=lambda *told: self._log_in((login, password), told[-1]),
        )

    async def handle_RCPT(  # noqa: N802 - as below
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take a recipient, or not."""
        if address in self.unknown:
            return self.unknown[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - the library finds it by this name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Keep a mail."""
        assert isinstance(envelope.content, bytes)
        message = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.mails.append(Mail(str(envelope.mail_from), tuple(envelope.rcpt_tos), message))
        return "250 OK"

    def _log_in(self, right: tuple[str, str], told: LoginPassword) -> AuthResult:
        is_right = (told.login.decode(), told.password.decode()) == right
        self.logins.append((told.login.decode(), is_right))
        return AuthResult(success=is_right, handled=False)  # the server itself says so

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        wait_until(lambda: not self._controller.is_speaking(), what="the end of every session")
        self._controller.stop()

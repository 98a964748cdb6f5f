"""Sends mails over one session with a mail server. What a server says is never logged: it can quote what was sent."""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from enum import StrEnum

import msgspec

from postledger.notifications.letters import Letter
from postledger.policy.notify_config import MailServer

TIMEOUT_S = 10.0
"""How long the server may take for each of its answers."""
_LONGEST_LINE = 900
"""A link must not be broken. RFC 5322 allows lines of up to 998 characters."""


class MailFault(StrEnum):
    """Why a mail was not sent. Stored with the notification, so the list is closed."""

    CONNECT = "connect"
    TLS = "tls"
    TIMEOUT = "timeout"
    LOGIN = "login"
    RECIPIENT = "recipient"
    """The server does not know the address, and will not."""
    ANSWER = "answer"
    """The server refused, or is not a mail server."""
    SECRET = "secret"  # noqa: S105 - it names a fault
    """No master key decrypts the login."""


class MailFailed(Exception):
    """A mail was not sent. `is_final`: it never will be. `ends_session`: nor will others now."""

    def __init__(self, fault: MailFault, *, is_final: bool = False, ends_session: bool = True) -> None:
        super().__init__(fault)
        self.fault, self.is_final, self.ends_session = fault, is_final, ends_session


class Mail(msgspec.Struct, frozen=True):
    """One mail. `id` is the same for each attempt, so that a reader's program shows a repeat once."""

    id: str
    to: str
    letter: Letter


class MailSession:
    """An open session."""

    def __init__(self, smtp: smtplib.SMTP, server: MailServer) -> None:
        self._smtp, self._server = smtp, server

    def send(self, mail: Mail, now: datetime) -> None:
        """Send one mail. Raises `MailFailed`."""
        with _named_faults():
            try:
                self._smtp.send_message(write_message(mail, self._server, now), to_addrs=[mail.to])
            except smtplib.SMTPRecipientsRefused as refused:
                codes = [code for code, _ in refused.recipients.values()]
                raise MailFailed(
                    MailFault.RECIPIENT, is_final=all(code >= 500 for code in codes), ends_session=False
                ) from None
            except (smtplib.SMTPDataError, smtplib.SMTPNotSupportedError):
                raise MailFailed(MailFault.ANSWER, ends_session=False) from None


@contextmanager
def open_session(server: MailServer, login: tuple[str, ...], timeout_s: float = TIMEOUT_S) -> Iterator[MailSession]:
    """Open a session: connect, encrypt, log in. Raises `MailFailed`."""
    with _named_faults():
        smtp = _connect(server, timeout_s)
    try:
        with _named_faults():
            _begin(smtp, server, login)
        yield MailSession(smtp, server)
    finally:
        with suppress(smtplib.SMTPException, OSError):
            smtp.quit()
        smtp.close()


def write_message(mail: Mail, server: MailServer, now: datetime) -> EmailMessage:
    """Write the message with its headers."""
    message = EmailMessage(policy=SMTP.clone(max_line_length=_LONGEST_LINE))
    message["From"], message["To"], message["Subject"] = server.sender, mail.to, mail.letter.subject
    message["Date"], message["Message-ID"] = format_datetime(now), f"<{mail.id}@{_find_domain(server)}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.letter.text, cte="7bit" if mail.letter.text.isascii() else "8bit")
    return message


def _connect(server: MailServer, timeout_s: float) -> smtplib.SMTP:
    name = _find_domain(server)
    if server.tls == "tls":
        return smtplib.SMTP_SSL(server.host, server.port, name, timeout=timeout_s, context=_trust(server))
    return smtplib.SMTP(server.host, server.port, name, timeout=timeout_s)


def _begin(smtp: smtplib.SMTP, server: MailServer, login: tuple[str, ...]) -> None:
    if server.tls == "starttls":
        try:
            smtp.starttls(context=_trust(server))
        except smtplib.SMTPException:  # it is not offered, or refused
            raise MailFailed(MailFault.TLS) from None
    if login:
        try:
            smtp.login(*login)
        except (smtplib.SMTPAuthenticationError, smtplib.SMTPNotSupportedError):
            raise MailFailed(MailFault.LOGIN) from None


def _trust(server: MailServer) -> ssl.SSLContext:
    return ssl.create_default_context(cadata=server.ca)


def _find_domain(server: MailServer) -> str:
    return parseaddr(server.sender)[1].rpartition("@")[2]


@contextmanager
def _named_faults() -> Iterator[None]:
    try:
        yield
    except TimeoutError:
        raise MailFailed(MailFault.TIMEOUT) from None
    except ssl.SSLError:
        raise MailFailed(MailFault.TLS) from None
    except smtplib.SMTPServerDisconnected:
        raise MailFailed(MailFault.CONNECT) from None
    except smtplib.SMTPException:  # before OSError, whose subclass it is
        raise MailFailed(MailFault.ANSWER) from None
    except OSError:
        raise MailFailed(MailFault.CONNECT) from None

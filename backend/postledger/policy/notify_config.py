"""Reads `[notify]` of the configuration file, and writes it. Pure: the caller's `Lookups` find secrets and names."""

import re
from collections.abc import Callable, Iterator
from email.headerregistry import Address
from email.utils import getaddresses
from typing import Literal

import msgspec

from postledger.decoding.toml_table import BadValue, Fault, Table, one_of, read_flag, read_text, whole_number
from postledger.outgoing.rules.standard_webhooks import read_signing_key
from postledger.outgoing.rules.url_template import UrlTemplate
from postledger.policy.forward_config import find_blocked
from postledger.policy.source_config import Lookups, read_client_ca, read_secrets

_HOST = re.compile(r"[A-Za-z0-9._-]{1,253}|\[?[0-9A-Fa-f:]{2,39}\]?")
_LOOPBACK = re.compile(r"localhost|127(?:\.[0-9]{1,3}){3}|\[?::1\]?")
_ADDRESS = re.compile(r"[^\s@<>,;:\"()\\]{1,64}@[A-Za-z0-9.-]{1,253}")
_ADVICE = "add secrets_env, with the name of an environment variable"
_PORTS = {"starttls": 587, "tls": 465, "none": 25}


class MailServer(msgspec.Struct, frozen=True, omit_defaults=True):
    """The server that takes mails. `ca` is PEM text: the authorities of its certificate; None: those of the system."""

    host: str
    port: int
    tls: Literal["starttls", "tls", "none"]
    sender: str = msgspec.field(name="from")
    ca: str | None = None

    @property
    def origin(self) -> tuple[str, int]:
        """Which server it is: a login belongs to one."""
        return self.host, self.port


class Webhook(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where each notification is posted, signed."""

    url: str
    allow_private: bool = False


class Notify(msgspec.Struct, frozen=True, omit_defaults=True):
    """How people are told. `console_url` is where links in mails lead; None: the console of this installation."""

    console_url: str | None = None
    mail: MailServer | None = None
    webhook: Webhook | None = None


class NotifyConfig(msgspec.Struct, frozen=True):
    """`[notify]` as configured. `login` is a name and a password.

    Both kinds of secrets are None if the file does not change them, or if no master key decrypts those that are stored.
    """

    notify: Notify
    login: tuple[str, ...] | None = None
    webhook_secrets: tuple[str, ...] | None = None


def read_notify(table: Table, faults: list[Fault], lookups: Lookups) -> NotifyConfig:
    """Read `[notify]` with its two tables."""
    console_url = table.take("console_url", _read_console_url, None)
    mail = table.take("mail", lambda value: _read_mail(_open("mail", value, faults), lookups), None)
    webhook = table.take("webhook", lambda value: _read_webhook(_open("webhook", value, faults), lookups), None)
    if "mail" not in table and "webhook" not in table:
        table.fault("mail", "is missing, and so is webhook; add [notify.mail] or [notify.webhook]")
    table.refuse_unknown()
    server, login = mail or (None, None)
    hook, secrets = webhook or (None, None)
    return NotifyConfig(Notify(console_url, server, hook), login, secrets)


def write_notify(config: NotifyConfig) -> dict[str, object]:
    """Write `[notify]`, without its secrets."""
    written: dict[str, object] = msgspec.to_builtins(config.notify)
    return written


def list_facts(config: NotifyConfig) -> dict[str, object]:
    """List the keys with their values, for comparing. Secrets are missing if the file does not change them."""
    facts: dict[str, object] = dict(msgspec.structs.asdict(config.notify))
    secrets = {"login": config.login, "secrets": config.webhook_secrets}
    return facts | {name: value for name, value in secrets.items() if value is not None}


def find_notify_faults(target: NotifyConfig | None, stored: NotifyConfig | None) -> Iterator[Fault]:
    """Find what cannot work: a webhook without a secret that can sign, and a login that belongs to another server."""
    if target is None:
        return
    if target.notify.webhook is not None:
        yield from _check_webhook(target, stored)
    if target.login is None and _keeps_login_of_other(target, stored):
        message = "is missing; the stored login is for another server, so name login_env and password_env again"
        yield Fault("notify.mail", "login_env", message)


def _check_webhook(target: NotifyConfig, stored: NotifyConfig | None) -> Iterator[Fault]:
    known = () if stored is None else stored.webhook_secrets
    secrets = known if target.webhook_secrets is None else target.webhook_secrets
    if secrets == ():
        yield Fault("notify.webhook", "secrets_env", f"is missing, and nothing is sent unsigned; {_ADVICE}")
    for number, secret in enumerate(secrets or (), 1):
        try:
            read_signing_key(secret)
        except ValueError as error:
            yield Fault("notify.webhook", "secrets_env", f"secret {number} {error}")


def _keeps_login_of_other(target: NotifyConfig, stored: NotifyConfig | None) -> bool:
    mail, known = target.notify.mail, None if stored is None else stored.notify.mail
    if mail is None or known is None or stored is None or stored.login == ():
        return False
    return mail.origin != known.origin


def _open(name: str, value: object, faults: list[Fault]) -> Table:
    if isinstance(value, dict):
        return Table(f"notify.{name}", value, faults)
    raise BadValue(f"must be one table in single brackets: [notify.{name}]")


def _read_mail(table: Table, lookups: Lookups) -> tuple[MailServer, tuple[str, ...] | None]:
    tls: Literal["starttls", "tls", "none"] = table.take("tls", one_of("starttls", "tls", "none"), "starttls")
    server = MailServer(
        host=table.require("host", _read_host, ""),
        port=table.take("port", whole_number(1, 65535), _PORTS[tls]),
        tls=tls,
        sender=table.require("from", _read_sender, ""),
        ca=table.take("ca", lambda value: read_client_ca(lookups["client_ca"], value), None),
    )
    if tls == "none" and server.host and not _LOOPBACK.fullmatch(server.host):
        message = 'must be "starttls" or "tls", because mails have links and amounts'
        table.fault("tls", f"{message}; only a server at a loopback address may do without")
    login = _read_login(table, lookups)
    table.refuse_unknown()
    return server, login


def _read_login(table: Table, lookups: Lookups) -> tuple[str, ...] | None:
    keys = ("login_env", "password_env")
    found = [table.take(key, _from_variable(lookups), None) for key in keys]
    for key, other in (keys, keys[::-1]):
        if key in table and other not in table:
            table.fault(other, f"is missing; add it, because {key} is there")
    texts = tuple(text for text in found if text is not None)
    return texts if len(texts) == len(keys) else None


def _from_variable(lookups: Lookups) -> Callable[[object], str | None]:
    def read(value: object) -> str | None:
        (text,) = lookups["secrets_env"](read_text(value))
        return text

    return read


def _read_webhook(table: Table, lookups: Lookups) -> tuple[Webhook, tuple[str, ...] | None]:
    webhook = Webhook(table.require("url", _read_url, ""), table.take("allow_private", read_flag, False))
    secrets = read_secrets(table, lookups)
    table.refuse_unknown()
    if webhook.url:
        template = UrlTemplate.parse(webhook.url)
        if found := find_blocked(template, lookups, allow_private=webhook.allow_private):
            table.fault("url", f"leads to {found}")
    return webhook, secrets


def _read_url(value: object) -> str:
    text = read_text(value)
    try:
        template = UrlTemplate.parse(text)
    except ValueError as error:
        raise BadValue(str(error)) from None
    if template.macros:
        raise BadValue("has a macro; all notifications go to one URL")
    return text


def _read_console_url(value: object) -> str | None:
    text = _read_url(value)
    if not text.startswith("https://") or "?" in text:
        raise BadValue('must be an https URL without query, such as "https://console.example.com"')
    return text.rstrip("/")


def _read_host(value: object) -> str:
    if isinstance(value, str) and _HOST.fullmatch(value):
        return value.strip("[]").lower()
    raise BadValue('must be the name or the address of a mail server, such as "smtp.example.com"')


def _read_sender(value: object) -> str:
    listed = getaddresses([read_text(value)])
    if len(listed) == 1 and _ADDRESS.fullmatch(listed[0][1]) and listed[0][1].isascii():
        return str(Address(listed[0][0], addr_spec=listed[0][1]))
    raise BadValue('must be one address, such as "Postledger <postledger@example.com>"')

"""Reads the settings of the broker: where it is, and what its exchange and its queue are called.

A bad setting fails at start with one line. No message quotes the URL, because any part of it can be a password.
"""

import re
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from string import Formatter
from urllib.parse import SplitResult, unquote, urlsplit

import msgspec

from postledger.platform.settings import BadSetting

DEFAULT_EXCHANGE, DEFAULT_QUEUE = "postledger", "postledger-conversions"
DEFAULT_ROUTING_KEY = "conversions.{source}.{event}"
ROUTING_NAMES = ("source", "campaign", "event", "kind", "status")
"""What a routing key can name."""
AMQP = ("amqp", "amqps")
_LIBRARIES = {
    "sqs": ("sqs", "boto3"),
    "redis": ("redis", "redis"),
    "rediss": ("redis", "redis"),
    "azureservicebus": ("azureservicebus", "azure.servicebus"),
    "gcpubsub": ("gcpubsub", "google.cloud.pubsub_v1"),
    "confluentkafka": ("confluentkafka", "confluent_kafka"),
}
"""The extra of Kombu that installs what a transport needs, and the library itself."""
SCHEMES = (*AMQP, *_LIBRARIES)
"""What Kombu knows and keeps messages. Only those of RabbitMQ and SQS are installed with Postledger."""
CHECKED = (*AMQP, "sqs")
"""The schemes whose broker can say whether a queue exists."""
OFF = "off"
_URL = "POSTLEDGER_BROKER_URL"
_EXCHANGE, _QUEUE = "POSTLEDGER_BROKER_EXCHANGE", "POSTLEDGER_BROKER_QUEUE"
_KEY = "POSTLEDGER_BROKER_ROUTING_KEY"
_DURABLE, _TOPOLOGY = "POSTLEDGER_BROKER_DURABLE", "POSTLEDGER_BROKER_TOPOLOGY"
_CA = "POSTLEDGER_BROKER_CA_FILE"
_FORM = "amqp://user:password@host:5672/vhost; percent-encode other characters in user and password"
_OTHER_FORMS = {
    "sqs": "sqs://key:secret@?region=REGION, or sqs://@?region=REGION; percent-encode other characters in the secret",
    **dict.fromkeys(
        _LIBRARIES.keys() - {"sqs"}, "{scheme}://user:password@host:port/; percent-encode other characters"
    ),
}
_NAME = re.compile(r"[A-Za-z0-9_.:-]{1,200}")
_PORTS = {"amqp": 5672, "amqps": 5671}
_LONGEST_VIRTUAL_HOST_BYTES = 255


class BrokerAddress(msgspec.Struct, frozen=True):
    """Where a RabbitMQ is, and as whom it is used. It never prints its password."""

    host: str
    port: int
    user: str
    password: str
    virtual_host: str
    is_encrypted: bool

    def __repr__(self) -> str:
        return f"BrokerAddress({self.host}:{self.port})"


class BrokerSettings(msgspec.Struct, frozen=True):
    """The settings of the broker. It never prints its URL.

    Without `exchange` messages go straight to the queue. Without `queue` consumers bind their own to the exchange.
    `address` is that of a RabbitMQ, None for the other transports of Kombu. `declares`: a worker makes exchange and
    queue, else it only checks them.
    """

    url: str
    address: BrokerAddress | None
    exchange: str | None
    queue: str | None
    routing_key: str
    is_durable: bool
    declares: bool
    ca_file: Path | None

    def __repr__(self) -> str:
        return f"BrokerSettings({self.scheme})"

    @property
    def scheme(self) -> str:
        """The scheme of the URL."""
        return self.url.split(":", 1)[0].lower()


def read_broker_settings(environment: Mapping[str, str]) -> BrokerSettings | None:
    """Read the settings of the broker. None without a URL. Raises `BadSetting`."""
    url = environment.get(_URL, "").strip()
    if not url:
        return None
    parts = _split(url)
    is_amqp = parts.scheme in AMQP
    settings = BrokerSettings(
        url=url,
        address=_read_address(parts) if is_amqp else None,
        exchange=_read_exchange(environment, is_amqp),
        queue=_read_queue(environment, is_amqp),
        routing_key=_read_routing_key(environment, is_amqp),
        is_durable=_read_choice(environment, _DURABLE, ("on", "off")) == "on",
        declares=_read_topology(environment, parts.scheme) == "declare",
        ca_file=_read_ca_file(environment, parts.scheme),
    )
    _check_library(parts.scheme)
    return settings


def _split(url: str) -> SplitResult:
    try:
        url.encode()
        parts = urlsplit(url)
        parts.port  # noqa: B018 - it is checked when it is read
        _check_host(parts.hostname or "")
    except ValueError:
        raise _malformed(url) from None
    if parts.scheme not in SCHEMES:
        raise BadSetting(f"{_URL} must begin with one of {', '.join(f'{scheme}://' for scheme in SCHEMES)}")
    return parts


def _check_host(host: str) -> None:
    """Raises `ValueError` for a name that the resolver would not even look up."""
    host.encode("idna")
    if not host.isprintable() or " " in host:
        raise ValueError("a character that no name has")


def _malformed(url: str) -> BadSetting:
    scheme = url.split(":", 1)[0].lower()
    return BadSetting(f"{_URL} is malformed; use {_OTHER_FORMS.get(scheme, _FORM).format(scheme=scheme)}")


def _check_library(scheme: str) -> None:
    """Kombu would say it late, or only by a `NameError`. Without Kombu, which takes tens of MiB."""
    if scheme not in _LIBRARIES:
        return
    extra, library = _LIBRARIES[scheme]
    try:
        is_there = find_spec(library) is not None
    except ModuleNotFoundError:  # of the package around it
        is_there = False
    if not is_there:
        raise BadSetting(f"{_URL}: {scheme}:// needs a library; install kombu[{extra}] beside Postledger")


def _read_address(parts: SplitResult) -> BrokerAddress:
    # A password that is not percent-encoded would end up in one of these.
    if not parts.hostname or parts.query or parts.fragment or parts.port == 0 or "@" in parts.path:
        raise _malformed(parts.scheme)
    virtual_host = unquote(parts.path[1:]) or "/"
    if len(virtual_host.encode()) > _LONGEST_VIRTUAL_HOST_BYTES:
        raise BadSetting(f"{_URL} has a virtual host of more than {_LONGEST_VIRTUAL_HOST_BYTES} bytes; correct it")
    return BrokerAddress(
        host=parts.hostname,
        port=parts.port or _PORTS[parts.scheme],
        user=unquote(parts.username or "guest"),
        password=unquote(parts.password or "guest"),
        virtual_host=virtual_host,
        is_encrypted=parts.scheme == "amqps",
    )


def _read_exchange(environment: Mapping[str, str], is_amqp: bool) -> str | None:
    if not is_amqp:
        _refuse_without_exchange(environment, _EXCHANGE)
        return None
    return _read_name(environment, _EXCHANGE, DEFAULT_EXCHANGE)


def _read_queue(environment: Mapping[str, str], is_amqp: bool) -> str | None:
    queue = _read_name(environment, _QUEUE, DEFAULT_QUEUE)
    if queue is None and not is_amqp:
        raise BadSetting(f"{_QUEUE} must be the name of a queue, because this kind of broker has no exchanges")
    if queue is None and environment.get(_EXCHANGE) == OFF:
        raise BadSetting(f"{_QUEUE} and {_EXCHANGE} cannot both be {OFF}; name one of them")
    return queue


def _read_routing_key(environment: Mapping[str, str], is_amqp: bool) -> str:
    if not is_amqp or environment.get(_EXCHANGE) == OFF:
        _refuse_without_exchange(environment, _KEY)
    template = environment.get(_KEY) or DEFAULT_ROUTING_KEY
    try:
        fields = list(Formatter().parse(template))
    except ValueError:
        fields = [("", "", "", None)]
    if len(template) > 200 or any(name is not None and not _is_plain(name, form, how) for _, name, form, how in fields):
        names = ", ".join(f"{{{name}}}" for name in ROUTING_NAMES)
        raise BadSetting(f"{_KEY} must be a text of at most 200 characters that can contain {names}")
    return template


def _is_plain(name: str, form: str | None, conversion: str | None) -> bool:
    return name in ROUTING_NAMES and not form and not conversion


def _refuse_without_exchange(environment: Mapping[str, str], name: str) -> None:
    if environment.get(name) not in (None, "", OFF):
        raise BadSetting(f"{name} has no effect without an exchange; remove it")


def _read_name(environment: Mapping[str, str], name: str, default: str) -> str | None:
    text = environment.get(name) or default
    if text == OFF:
        return None
    if _NAME.fullmatch(text):
        return text
    raise BadSetting(f"{name} must be {OFF}, or at most 200 letters, digits, '_', '.', ':' and '-'")


def _read_choice(environment: Mapping[str, str], name: str, allowed: tuple[str, ...]) -> str:
    text = environment.get(name) or allowed[0]
    if text in allowed:
        return text
    raise BadSetting(f"{name} must be {' or '.join(allowed)}")


def _read_topology(environment: Mapping[str, str], scheme: str) -> str:
    chosen = _read_choice(environment, _TOPOLOGY, ("declare", "check"))
    if chosen == "check" and scheme not in CHECKED:
        raise BadSetting(f"{_TOPOLOGY} must be declare, because {scheme}:// cannot check whether a queue exists")
    return chosen


def _read_ca_file(environment: Mapping[str, str], scheme: str) -> Path | None:
    text = environment.get(_CA)
    if not text:
        return None
    if scheme != "amqps":
        raise BadSetting(f"{_CA} has no effect without amqps://; remove it")
    if not Path(text).is_file():
        raise BadSetting(f"{_CA} must be a file with the certificates of authorities, in PEM")
    return Path(text)

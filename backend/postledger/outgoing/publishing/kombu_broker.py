"""Publishes through Kombu, a message at a time, to whatever is not RabbitMQ: Amazon SQS above all.

Kombu's transports have no exchanges of their own, so each message goes straight to the queue.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import kombu
from kombu.exceptions import OperationalError

from postledger.outgoing.publishing.broker import BrokerFailed, Fault, Message, Outcome, Sent
from postledger.outgoing.publishing.message import CONTENT_TYPE, SCHEMA
from postledger.platform.broker_settings import BrokerSettings

CONNECT_WITHIN_S, ANSWER_WITHIN_S = 5, 10
_HTTPS = 443
_PERSISTENT, _TRANSIENT = 2, 1
_MISSING = ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")
_FAULTS = {
    **dict.fromkeys(_MISSING, Fault.MISSING),
    "AccessDenied": Fault.PERMISSION,
    "AccessDeniedException": Fault.PERMISSION,
    "InvalidClientTokenId": Fault.LOGIN,
    "SignatureDoesNotMatch": Fault.LOGIN,
    "NoCredentialsError": Fault.LOGIN,
    "UnrecognizedClientException": Fault.LOGIN,
    "EndpointConnectionError": Fault.UNREACHABLE,
    "ConnectTimeoutError": Fault.UNREACHABLE,
    "SSLError": Fault.CERTIFICATE,
}
"""By the code of an answer of AWS, or by the name of an exception."""


class KombuBroker:
    """A connection of Kombu and its one queue."""

    batch = 20

    def __init__(self, settings: BrokerSettings) -> None:
        assert settings.queue is not None, "without exchanges, there is a queue"
        self._settings, self._queue_name = settings, settings.queue
        self._connection: Any = None
        self._producer: Any = None

    def open(self) -> None:
        """Connect, and declare or check the queue."""
        if self._connection is not None:
            return
        try:
            self._connection = connect_with_kombu(self._settings)
            self._producer = self._connection.Producer(serializer=None, auto_declare=False)
            self.prepare()
        except BaseException as error:  # a timeout of gevent too
            self.close()
            if not isinstance(error, Exception) or isinstance(error, BrokerFailed):
                raise
            raise BrokerFailed(fault_of(error, Fault.UNREACHABLE)) from None

    def prepare(self) -> None:
        """Declare or check the queue."""
        channel = self._producer.channel
        if self._settings.declares:
            declare_queue(channel, self._settings)
        else:  # only SQS can say whether a queue exists
            name = channel.canonical_queue_name(self._queue_name)
            channel.sqs().get_queue_url(QueueName=name)

    def publish(self, messages: Sequence[Message]) -> Sent:
        """Send one message after the other. One that cannot be sent ends the batch."""
        outcomes = [Outcome.UNCONFIRMED] * len(messages)
        for index, message in enumerate(messages):
            try:
                self._send(message)
            except Exception as error:  # each transport has its own exceptions
                return Sent(outcomes, fault_of(error, Fault.LOST))
            outcomes[index] = Outcome.PUBLISHED
        return Sent(outcomes)

    def keep_alive(self) -> None:
        """Nothing: these transports have no heartbeats."""

    def close(self) -> None:
        """Close the connection."""
        connection, self._connection, self._producer = self._connection, None, None
        with suppress(Exception):
            if connection is not None:
                connection.close()

    def _send(self, message: Message) -> None:
        self._producer.publish(
            message.body.decode(),
            exchange="",
            routing_key=self._queue_name,
            content_type=CONTENT_TYPE,
            content_encoding="utf-8",
            delivery_mode=_PERSISTENT if self._settings.is_durable else _TRANSIENT,
            headers=message.attributes,
            retry=False,
            message_id=message.id,
            type=SCHEMA,
            **self._list_properties(message),
        )

    def _list_properties(self, message: Message) -> dict[str, Any]:
        if self._settings.scheme != "sqs":
            return {}
        attributes = {
            name: {"DataType": "String", "StringValue": value} for name, value in message.attributes.items() if value
        }
        ordered = {"MessageGroupId": message.group, "MessageDeduplicationId": message.id}
        return {"message_attributes": attributes, **(ordered if self._queue_name.endswith(".fifo") else {})}


def connect_with_kombu(settings: BrokerSettings) -> Any:
    """Make a connection of Kombu. It connects when it is first used."""
    url, options = settings.url, {}
    if settings.scheme == "sqs":
        url, options = url.split("?", 1)[0], _list_sqs_options(settings.url)
    return kombu.Connection(url, connect_timeout=CONNECT_WITHIN_S, transport_options=options)


def declare_queue(channel: Any, settings: BrokerSettings) -> None:
    """Make the queue if it does not exist."""
    assert settings.queue is not None, "without exchanges, there is a queue"
    durable = settings.is_durable
    kombu.Queue(settings.queue, routing_key=settings.queue, durable=durable, channel=channel).declare()


def _list_sqs_options(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    options: dict[str, Any] = {
        # Any program can then read the text of a message, not only one that uses Kombu.
        "sqs_base64_encoding": False,
        "body_encoding": None,
        "client-config": {
            "connect_timeout": CONNECT_WITHIN_S,
            "read_timeout": ANSWER_WITHIN_S,
            "retries": {"total_max_attempts": 1},  # the worker repeats by itself
        },
    }
    if region := dict(parse_qsl(parts.query)).get("region"):
        options["region"] = region
    if parts.hostname:
        options["is_secure"] = parts.port == _HTTPS
    return options


def fault_of(error: Exception, otherwise: Fault) -> Fault:
    """Return what an exception of a transport means."""
    if isinstance(error, OperationalError) and isinstance(error.__cause__, Exception):
        error = error.__cause__
    response = getattr(error, "response", None)
    code = response.get("Error", {}).get("Code") if isinstance(response, dict) else None
    return _FAULTS.get(code or type(error).__name__, otherwise)

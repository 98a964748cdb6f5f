"""Publishes to RabbitMQ: whole batches with publisher confirms, over a channel of py-amqp.

Kombu waits for each confirm before it sends the next message, which is a tenth as fast. Every wait has a timeout,
because the wait for a confirm that was lost would never end.
"""

import socket
import ssl
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import amqp
from amqp import spec
from amqp.exceptions import AccessRefused, AMQPError, NotAllowed, NotFound, PreconditionFailed

from postledger.outgoing.publishing.broker import BrokerFailed, Fault, Message, Outcome, Sent
from postledger.outgoing.publishing.message import CONTENT_TYPE, SCHEMA
from postledger.platform.broker_settings import BrokerAddress, BrokerSettings

CONNECT_WITHIN_S = 5.0
CONFIRM_WITHIN_S = 20.0
"""How long the confirms of a batch may take, and how long the broker may take none of its bytes."""
HEARTBEAT_S = 30
_BLOCKED_FOR_S = 2.0
"""After this the publisher raises an error, because the broker takes no messages. The connection stays open."""
_PERSISTENT, _TRANSIENT = 2, 1
_EVERYTHING = "#"
_FAULTS: dict[type[Exception], Fault] = {
    ssl.SSLCertVerificationError: Fault.CERTIFICATE,
    AccessRefused: Fault.PERMISSION,
    NotAllowed: Fault.VIRTUAL_HOST,
    NotFound: Fault.MISSING,
    PreconditionFailed: Fault.DIFFERENT,
}


class AmqpBroker:
    """A connection to RabbitMQ with one channel."""

    batch = 500

    def __init__(
        self, settings: BrokerSettings, *, name: str = "postledger", confirm_within_s: float = CONFIRM_WITHIN_S
    ) -> None:
        assert settings.address is not None, "the URL is not that of a RabbitMQ"
        self._settings, self._address, self._name = settings, settings.address, name
        self.confirm_within_s = confirm_within_s
        self._connection: Any = None
        self._channel: Any = None
        self._is_blocked = False
        self._last_tag = 0
        self._waiting: dict[int, int] = {}
        self._ids: dict[str, int] = {}
        self._outcomes: list[Outcome] = []

    def open(self) -> None:
        """Connect, and declare or check exchange and queue."""
        if self._connection is not None:
            return
        try:
            self._connection = connect(self._settings, self._name)
            self._connection.on_blocked, self._connection.on_unblocked = self._block, self._unblock
            # From here on, no single byte may be waited for longer: not while sending, and not for an answer.
            self._connection.transport.sock.settimeout(self.confirm_within_s)
            self._open_channel()
        except BaseException:  # a timeout of gevent too
            self.close()
            raise

    def _open_channel(self) -> None:
        with translated(Fault.LOST):
            self._channel = channel = self._connection.channel()
            channel.confirm_select()
        self._last_tag, self._is_blocked = 0, False
        channel.events["basic_ack"].add(self._confirm)
        channel.events["basic_nack"].add(self._refuse)
        channel.events["basic_return"].add(self._return)
        self.prepare()

    def prepare(self) -> None:
        """Declare or check exchange and queue."""
        with translated(Fault.LOST):
            prepare_topology(self._channel, self._settings)

    def publish(self, messages: Sequence[Message]) -> Sent:
        """Send a batch and wait for its confirms. Every message that is not confirmed may have arrived."""
        self._outcomes = [Outcome.UNCONFIRMED] * len(messages)
        self._waiting = {self._last_tag + 1 + index: index for index in range(len(messages))}
        self._ids = {message.id: index for index, message in enumerate(messages)}
        try:
            self._cork(True)
            for message in messages:
                self._send(message)
            self._cork(False)
            self._wait_for_confirms()
        except (AMQPError, OSError) as error:
            return Sent(self._outcomes, _fault_of(error, Fault.LOST))
        except BrokerFailed as failed:
            return Sent(self._outcomes, failed.fault)
        return Sent(self._outcomes)

    def keep_alive(self) -> None:
        """Read what the broker has sent, and send a heartbeat if one is due."""
        with translated(Fault.LOST):
            self._drain(0)
        if self._is_blocked:
            raise BrokerFailed(Fault.BLOCKED)

    def close(self) -> None:
        """Close the connection, without waiting for a broker that does not answer."""
        connection, self._connection, self._channel = self._connection, None, None
        if connection is not None:
            close_connection(connection)

    # -- Sending.

    def _send(self, message: Message) -> None:
        content = amqp.Message(
            message.body,
            content_type=CONTENT_TYPE,
            content_encoding="utf-8",
            delivery_mode=_PERSISTENT if self._settings.is_durable else _TRANSIENT,
            message_id=message.id,
            timestamp=int(message.time.timestamp()),
            type=SCHEMA,
            app_id="postledger",
            application_headers=message.attributes,
        )
        exchange, key = self._settings.exchange, message.routing_key
        if exchange is None:
            exchange, key = "", self._settings.queue or ""
        # `basic_publish` would ask the socket for news before each message. They are read when all are sent.
        arguments = (0, exchange, key, True, False)  # mandatory: what no queue takes comes back
        self._channel.send_method(spec.Basic.Publish, "Bssbb", arguments, content)
        self._last_tag += 1

    def _cork(self, is_corked: bool) -> None:
        """Let the kernel gather full packets: one for each message costs sender and broker a third more."""
        self._connection.transport.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, is_corked)

    def _wait_for_confirms(self) -> None:
        deadline_s = time.monotonic() + self.confirm_within_s
        blocked_s = time.monotonic() + _BLOCKED_FOR_S
        while self._waiting:
            now_s = time.monotonic()
            if self._is_blocked and now_s > blocked_s:
                raise BrokerFailed(Fault.BLOCKED)
            if now_s > deadline_s:
                raise BrokerFailed(Fault.UNCONFIRMED)
            self._drain(min(deadline_s - now_s, 1.0))

    def _drain(self, timeout_s: float) -> None:
        try:
            self._connection.drain_events(timeout=timeout_s)
            while True:
                self._connection.drain_events(timeout=0)
        except TimeoutError:
            self._connection.heartbeat_tick()

    # -- What the broker says.

    def _confirm(self, tag: int, multiple: bool) -> None:
        self._conclude(tag, multiple, Outcome.PUBLISHED)

    def _refuse(self, tag: int, multiple: bool) -> None:
        self._conclude(tag, multiple, Outcome.REFUSED)

    def _conclude(self, tag: int, multiple: bool, outcome: Outcome) -> None:
        tags = [one for one in self._waiting if one <= tag] if multiple else [tag]
        for one in tags:
            index = self._waiting.pop(one, None)
            if index is not None and self._outcomes[index] is not Outcome.RETURNED:
                self._outcomes[index] = outcome

    def _return(self, _error: Exception, _exchange: str, _key: str, message: Any) -> None:
        # It comes before the confirm, which says only that the broker has dealt with the message.
        index = self._ids.get(message.properties.get("message_id"))
        if index is not None:
            self._outcomes[index] = Outcome.RETURNED

    def _block(self, _reason: str) -> None:
        self._is_blocked = True

    def _unblock(self) -> None:
        self._is_blocked = False


def connect(settings: BrokerSettings, name: str, **options: Any) -> Any:
    """Connect to the RabbitMQ of `settings.address`. Raises `BrokerFailed`."""
    assert settings.address is not None, "the URL is not that of a RabbitMQ"
    address = settings.address
    host = f"[{address.host}]" if ":" in address.host else address.host
    connection = amqp.Connection(
        f"{host}:{address.port}",
        userid=address.user,
        password=address.password,
        login_method="PLAIN",
        virtual_host=address.virtual_host,
        ssl=_require_tls(address, settings) if address.is_encrypted else False,
        connect_timeout=CONNECT_WITHIN_S,
        heartbeat=HEARTBEAT_S,
        client_properties={"product": "Postledger", "connection_name": name},
        # The default, one second, would end a connection that a full broker does not read from.
        socket_settings={socket.TCP_USER_TIMEOUT: 0},
        **options,
    )
    try:
        connection.connect()
    except AccessRefused:
        connection.collect()
        raise BrokerFailed(Fault.LOGIN) from None
    except (AMQPError, OSError) as error:
        connection.collect()
        raise BrokerFailed(_fault_of(error, Fault.UNREACHABLE)) from None
    return connection


def close_connection(connection: Any) -> None:
    """Close a connection, without waiting for a broker that does not answer."""
    with suppress(AMQPError, OSError):
        if connection.connected:
            connection.send_method(spec.Connection.Close, "BsBB", (0, "", 0, 0))
    with suppress(AMQPError, OSError):
        connection.collect()


def _require_tls(address: BrokerAddress, settings: BrokerSettings) -> dict[str, Any]:
    return {
        "cert_reqs": ssl.CERT_REQUIRED,
        "server_hostname": address.host,
        "ca_certs": None if settings.ca_file is None else str(settings.ca_file),
    }


def prepare_topology(channel: Any, settings: BrokerSettings) -> None:
    """Declare exchange, queue and binding, or check that exchange and queue exist. Repeating it changes nothing."""
    only_check, durable = not settings.declares, settings.is_durable
    if settings.exchange is not None:
        channel.exchange_declare(settings.exchange, "topic", passive=only_check, durable=durable, auto_delete=False)
    if settings.queue is not None:
        channel.queue_declare(settings.queue, passive=only_check, durable=durable, auto_delete=False)
    if settings.exchange is not None and settings.queue is not None and settings.declares:
        channel.queue_bind(settings.queue, settings.exchange, _EVERYTHING)


@contextmanager
def translated(otherwise: Fault) -> Iterator[None]:
    """Raise `BrokerFailed` in place of the library's errors, whose messages may quote what the broker was sent."""
    try:
        yield
    except (AMQPError, OSError) as error:
        raise BrokerFailed(_fault_of(error, otherwise)) from None


def _fault_of(error: Exception, otherwise: Fault) -> Fault:
    return next((fault for kind, fault in _FAULTS.items() if isinstance(error, kind)), otherwise)

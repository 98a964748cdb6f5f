"""Receives messages from RabbitMQ, over a channel of py-amqp."""

from collections import deque
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import islice
from typing import Any

from postledger.outgoing.consuming.bodies_only import handle_bodies_only
from postledger.outgoing.consuming.receiver import MOST_MESSAGES, WAIT_S, Received, encode_body
from postledger.outgoing.publishing.amqp_broker import close_connection, connect, prepare_topology, translated
from postledger.outgoing.publishing.broker import BrokerFailed, Fault
from postledger.platform.broker_settings import BrokerSettings

_PREFETCHED = 2 * MOST_MESSAGES
"""The next messages arrive while the ones before them are mapped."""

_MORE_WITHIN_S = 0.01


class AmqpReceiver:
    """A connection to RabbitMQ with one channel, which consumes one queue."""

    def __init__(self, settings: BrokerSettings) -> None:
        assert settings.queue is not None, "there is a queue to consume"
        self._settings, self._queue = settings, settings.queue
        self._connection: Any = None
        self._channel: Any = None
        self._unsettled = deque[Received]()

    def receive(self) -> Sequence[Received]:
        """Return up to `MOST_MESSAGES` that are not settled."""
        with self._guarded():
            self._open()
            self._drain()
        return list(islice(self._unsettled, MOST_MESSAGES))

    def settle(self, received: Sequence[Received], rejected: Collection[Received]) -> None:
        """Reject some, and acknowledge all others at once."""
        unwanted = set(rejected)
        last = next((message for message in reversed(received) if message not in unwanted), None)
        with self._guarded():
            for message in rejected:
                self._channel.basic_reject(message.handle, requeue=False)
            if last is not None:  # never a message that was rejected: RabbitMQ would close the channel
                self._channel.basic_ack(last.handle, multiple=True)
        for _ in received:
            self._unsettled.popleft()

    def close(self) -> None:
        """Close the connection. RabbitMQ delivers what is not settled to another consumer at once."""
        connection, self._connection, self._channel = self._connection, None, None
        self._unsettled.clear()
        if connection is not None:
            close_connection(connection)

    def _open(self) -> None:
        if self._connection is not None:
            return
        self._connection = connect(self._settings, "postledger consume", frame_handler=handle_bodies_only)
        self._channel = self._connection.channel()
        prepare_topology(self._channel, self._settings)
        self._channel.basic_qos(0, _PREFETCHED, a_global=False)
        self._channel.basic_consume(self._queue, callback=self._take, on_cancel=self._lose)

    def _drain(self) -> None:
        # Never without any timeout: py-amqp would turn in circles for the rest of a message that is still on its way.
        with suppress(TimeoutError):
            while len(self._unsettled) < MOST_MESSAGES:
                self._connection.drain_events(timeout=_MORE_WITHIN_S if self._unsettled else WAIT_S)
        self._connection.heartbeat_tick()

    def _take(self, message: Any) -> None:
        self._unsettled.append(Received(encode_body(message.body), message.delivery_tag))

    def _lose(self, _tag: str) -> None:
        raise BrokerFailed(Fault.MISSING)  # the queue was deleted

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            with translated(Fault.LOST):
                yield
        except BaseException:  # a timeout of gevent too
            self.close()
            raise

"""Receives messages from SQS, or from another broker that Kombu knows, which is not RabbitMQ."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from kombu.entity import Queue
from kombu.messaging import Consumer

from postledger.outgoing.consuming.receiver import MOST_MESSAGES, WAIT_S, Received, encode_body
from postledger.outgoing.publishing.broker import BrokerFailed, Fault
from postledger.outgoing.publishing.kombu_broker import connect_with_kombu, declare_queue, fault_of
from postledger.platform.broker_settings import BrokerSettings


class KombuReceiver:
    """A connection of Kombu, which consumes one queue. It returns what the broker gives at a time: SQS gives ten."""

    def __init__(self, settings: BrokerSettings) -> None:
        assert settings.queue is not None, "there is a queue to consume"
        self._settings, self._queue = settings, settings.queue
        self._connection: Any = None
        self._unsettled: list[Received] = []

    def receive(self) -> Sequence[Received]:
        """Return what is not settled."""
        with self._guarded():
            self._open()
            if not self._unsettled:
                with suppress(TimeoutError):
                    self._connection.drain_events(timeout=WAIT_S)
        return list(self._unsettled)

    def settle(self, received: Sequence[Received], rejected: Collection[Received]) -> None:
        """Acknowledge or reject one message after the other."""
        with self._guarded():
            for message in received:
                if message in rejected:
                    message.handle.reject()
                else:
                    message.handle.ack()
                self._unsettled.remove(message)

    def close(self) -> None:
        """Close the connection. SQS gives what is not settled to a consumer again after its visibility timeout."""
        connection, self._connection = self._connection, None
        self._unsettled.clear()
        with suppress(Exception):
            if connection is not None:
                connection.close()

    def _open(self) -> None:
        if self._connection is not None:
            return
        self._connection = connect_with_kombu(self._settings)
        channel = self._connection.channel()
        if self._settings.declares:
            declare_queue(channel, self._settings)
        queue = Queue(self._queue, routing_key=self._queue, channel=channel, no_declare=True)
        consumer = Consumer(channel, [queue], on_message=self._take, prefetch_count=MOST_MESSAGES)
        consumer.consume()

    def _take(self, message: Any) -> None:
        self._unsettled.append(Received(encode_body(message.body), message))

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except BaseException as error:  # a timeout of gevent too
            self.close()
            if not isinstance(error, Exception) or isinstance(error, BrokerFailed):
                raise
            raise BrokerFailed(fault_of(error, Fault.LOST)) from None

"""What a consumer knows of a broker: messages come out, and go away when they are settled.

Two implementations exist: `amqp_receiver.py` speaks to RabbitMQ, `kombu_receiver.py` to whatever else Kombu knows.
"""

from collections.abc import Collection, Sequence
from typing import Any, Protocol

import msgspec

MOST_MESSAGES = 1000
"""How many messages are received, and mapped in one transaction."""
WAIT_S = 1.0
"""How long to wait for the first message."""
LARGEST_BYTES = 1_048_576
"""Of a body that is larger nothing is kept, so that it counts as unreadable. A change has about a kilobyte."""


class Received(msgspec.Struct, frozen=True, eq=False):
    """One message that is not settled yet. `handle` belongs to the receiver."""

    body: bytes
    handle: Any


class Receiver(Protocol):
    """A connection to the queue of a broker. Each call can raise `BrokerFailed`. The next one connects again."""

    def receive(self) -> Sequence[Received]:
        """Return up to `MOST_MESSAGES` that are not settled, the oldest first. Empty if none came within `WAIT_S`."""

    def settle(self, received: Sequence[Received], rejected: Collection[Received]) -> None:
        """Acknowledge messages, except those that are rejected. None of them comes again.

        `received` is what `receive` returned last, or the first messages of it.
        """

    def close(self) -> None:
        """Close the connection. What is not settled comes again. It never fails."""


def encode_body(body: bytes | str) -> bytes:
    """Return the bytes of a body that a library may have decoded. It never fails."""
    if len(body) > LARGEST_BYTES:
        return b""
    return body.encode(errors="surrogatepass") if isinstance(body, str) else bytes(body)

"""Chooses the connection that `POSTLEDGER_BROKER_URL` asks for, and checks a broker for `doctor`."""

from msgspec.structs import replace

from postledger.outgoing.publishing.amqp_broker import AmqpBroker
from postledger.outgoing.publishing.broker import Broker
from postledger.platform.broker_settings import CHECKED, BrokerSettings


def open_broker(settings: BrokerSettings) -> Broker:
    """Make the connection, without opening it."""
    if settings.address is not None:
        return AmqpBroker(settings)
    # Kombu and the libraries of its transports take tens of MiB, which a worker without them saves.
    from postledger.outgoing.publishing.kombu_broker import KombuBroker  # noqa: PLC0415

    return KombuBroker(settings)


def try_broker(settings: BrokerSettings) -> None:
    """Connect, look whether exchange and queue exist, and disconnect. Makes nothing where the broker can say so.

    Raises `BrokerFailed`.
    """
    broker = open_broker(replace(settings, declares=settings.scheme not in CHECKED))
    try:
        broker.open()
    finally:
        broker.close()

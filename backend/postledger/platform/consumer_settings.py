"""Reads the settings of `postledger consume`, the ledger and the broker and no key, and the switches of the broker."""

from collections.abc import Mapping

import msgspec

from postledger.platform.broker_settings import BrokerSettings, read_broker_settings
from postledger.platform.settings import BadSetting, maps_from_broker, read_database_url, read_port

_OWN = "amqp://127.0.0.1/"


class ConsumerSettings(msgspec.Struct, frozen=True):
    """The settings of a consumer. `broker` names a queue. Without a port the consumer serves no metrics."""

    database_url: str
    broker: BrokerSettings
    port: int | None


def read_consumer_settings(environment: Mapping[str, str]) -> ConsumerSettings:
    """Read all settings of a consumer. Raises `BadSetting`."""
    broker = read_broker_settings(environment)
    if broker is None:
        raise BadSetting("set POSTLEDGER_BROKER_URL, for example POSTLEDGER_BROKER_URL=amqp://user:password@host:5672/")
    if broker.queue is None:
        raise BadSetting("POSTLEDGER_BROKER_QUEUE is off; set it to the name of the queue to consume")
    return ConsumerSettings(read_database_url(environment), broker, read_port(environment, "POSTLEDGER_WORKER_PORT"))


def check_broker_given(environment: Mapping[str, str]) -> None:
    """Check what an operator has set of the broker, before `make up` has started its own. Raises `BadSetting`."""
    own = environment.get("POSTLEDGER_BROKER") or ""
    if own not in ("", "rabbitmq"):
        raise BadSetting("POSTLEDGER_BROKER must be rabbitmq, or empty")
    if own and environment.get("POSTLEDGER_BROKER_URL"):
        raise BadSetting("POSTLEDGER_BROKER starts a broker, and POSTLEDGER_BROKER_URL names another one; remove one")
    made = {"POSTLEDGER_BROKER_URL": _OWN} if own else {}
    read_broker_settings({**environment, **made})
    maps_from_broker({**environment, **made})

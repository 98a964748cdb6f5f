"""The settings of the broker: a bad one is one clear line, and none of its lines shows the URL."""

from pathlib import Path

import pytest

from postledger.platform.broker_settings import BrokerAddress, BrokerSettings, read_broker_settings
from postledger.platform.settings import BadSetting

URL, CANARY = "amqp://pl:Can4ry@broker.example/books", "Can4ry"


def read(**environment: str) -> BrokerSettings:
    named = {f"POSTLEDGER_BROKER_{name.upper()}": value for name, value in environment.items()}
    settings = read_broker_settings({"POSTLEDGER_BROKER_URL": URL, **named})
    assert settings is not None
    return settings


@pytest.mark.parametrize("environment", [{}, {"POSTLEDGER_BROKER_URL": ""}, {"POSTLEDGER_BROKER_EXCHANGE": "x"}])
def test_without_a_url_there_is_no_broker(environment: dict[str, str]) -> None:
    assert read_broker_settings(environment) is None


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("amqp://h", ("h", 5672, "guest", "guest", "/", False)),
        ("amqps://h/", ("h", 5671, "guest", "guest", "/", True)),
        ("amqp://u:p@h:1//", ("h", 1, "u", "p", "/", False)),
        ("amqp://u:p@h/%2F", ("h", 5672, "u", "p", "/", False)),
        ("amqp://u%40x:p%2F%3A@h/a%2Fb", ("h", 5672, "u@x", "p/:", "a/b", False)),
        ("amqp://u:p@[::1]:5673/v", ("::1", 5673, "u", "p", "v", False)),
    ],
)
def test_an_address_is_read(url: str, address: tuple[object, ...]) -> None:
    assert read(url=url).address == BrokerAddress(*address)  # type: ignore[arg-type]


def test_the_defaults_are_a_durable_exchange_with_one_queue() -> None:
    settings = read()

    assert (settings.exchange, settings.queue) == ("postledger", "postledger-conversions")
    assert (settings.routing_key, settings.is_durable, settings.declares) == (
        "conversions.{source}.{event}", True, True
    )  # fmt: skip


def test_the_names_of_a_broker_can_be_chosen(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").touch()
    settings = read(
        url="amqps://h", exchange="off", queue="q", durable="off", topology="check", ca_file=str(tmp_path / "ca.pem")
    )

    assert (settings.exchange, settings.queue, settings.is_durable, settings.declares) == (None, "q", False, False)
    assert settings.ca_file == tmp_path / "ca.pem"


@pytest.mark.parametrize("url", ["sqs://AKIA:Can4ry@", "sqs://AKIA:Can4ry@localhost:4566/?region=eu-central-1"])
def test_other_transports_have_a_queue_and_no_exchange(url: str) -> None:
    settings = read(url=url)

    assert (settings.address, settings.exchange, settings.queue) == (None, None, "postledger-conversions")


@pytest.mark.parametrize(
    "url",
    [
        "Can4ry", "http://Can4ry@h", "memory://", "amqp://", "amqp://:Can4ry@/", "amqp://u:Can4ry@h:port/",
        "amqp://u:Can4ry@h:70000", "amqp://u:Can4ry@h:0", "amqp://u:Can/4ry@h/", "amqp://u:12/Can4ry@h/v",
        "amqp://u:Can?4ry@h/", "amqp://u:Can#4ry@h/", "amqp://u:Can4ry@[h/", "amqp://u:Can4ry@h/?ssl=1",
        "amqp://u:Can4ry@broker..example/", f"amqp://u:Can4ry@{'x' * 70}.example/", "amqp://u:Can4ry@.h/",
        "amqps://u:Can4ry@h\0h/", "amqp://u:Can4ry@h h/", f"amqp://u:Can4ry@h/{'v' * 256}",
        f"amqp://u:Can4ry@h/{'%C3%A4' * 128}", "amqp://u:Can4ry\udcff@h/", "sqs://u:Can4ry@broker..example/",
        "sqs://u:Can4ry@h:port/", "redis://:Can4ry@h:70000/",
    ],
)  # fmt: skip
def test_a_malformed_url_is_refused_without_being_shown(url: str) -> None:
    with pytest.raises(BadSetting) as raised:
        read(url=url)

    assert str(raised.value).startswith("POSTLEDGER_BROKER_URL ")
    assert "Can" not in str(raised.value)
    assert "\n" not in str(raised.value)
    assert raised.value.__cause__ is None


@pytest.mark.parametrize(
    ("url", "form"), [("sqs://h:x", "sqs://key:secret"), ("redis://h:x", "redis://"), ("", "amqp")]
)
def test_the_advice_on_a_malformed_url_is_for_its_kind(url: str, form: str) -> None:
    with pytest.raises(BadSetting, match=f"malformed; use {form}"):
        read(url=url or "amqps://h:x")


@pytest.mark.parametrize("scheme", ["redis", "rediss", "azureservicebus", "gcpubsub", "confluentkafka"])
def test_a_transport_needs_its_library(scheme: str) -> None:
    with pytest.raises(BadSetting, match=f"POSTLEDGER_BROKER_URL: {scheme}:// needs a library; install kombu"):
        read(url=f"{scheme}://:{CANARY}@h/0")


def test_the_longest_virtual_host_is_allowed() -> None:
    address = read(url=f"amqp://h/{'v' * 255}").address

    assert address is not None
    assert len(address.virtual_host) == 255


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("exchange", "a b"), ("queue", "x" * 201), ("durable", "yes please"), ("topology", "make"),
        ("ca_file", "/nowhere.pem"), ("routing_key", "{payout}"), ("routing_key", "{"), ("routing_key", "{source!r}"),
        ("routing_key", "{source:9}"), ("routing_key", "{source.x}"), ("routing_key", "{}"), ("routing_key", "x" * 201),
    ],
)  # fmt: skip
def test_a_bad_setting_is_named(name: str, value: str) -> None:
    with pytest.raises(BadSetting, match=f"POSTLEDGER_BROKER_{name.upper()} "):
        read(**{name: value})


@pytest.mark.parametrize(
    ("environment", "name"),
    [
        ({"url": "sqs://", "exchange": "x"}, "EXCHANGE"),
        ({"url": "sqs://", "routing_key": "x"}, "ROUTING_KEY"),
        ({"url": "sqs://", "queue": "off"}, "QUEUE"),
        ({"url": "redis://h", "topology": "check"}, "TOPOLOGY"),
        ({"exchange": "off", "queue": "off"}, "QUEUE"),
        ({"exchange": "off", "routing_key": "x"}, "ROUTING_KEY"),
        ({"ca_file": __file__}, "CA_FILE"),
    ],
)
def test_a_setting_without_effect_is_refused(environment: dict[str, str], name: str) -> None:
    with pytest.raises(BadSetting, match=f"POSTLEDGER_BROKER_{name} "):
        read(**environment)


def test_settings_never_print_a_password() -> None:
    settings = read()

    assert CANARY not in f"{settings!r} {settings} {settings.address!r}"

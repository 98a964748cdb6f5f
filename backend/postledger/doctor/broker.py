"""The checks of `doctor` on the broker to which changes are published, and on what waits for it."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from psycopg import Connection

from postledger.doctor.check_result import CheckResult
from postledger.outgoing.publishing.broker import BrokerFailed, Fault
from postledger.outgoing.publishing.open_broker import try_broker
from postledger.platform.broker_settings import BrokerSettings, read_broker_settings
from postledger.platform.postgres.sql import statements_of
from postledger.platform.settings import BadSetting
from postledger.vocabulary.wording import count

sql = statements_of("postledger.doctor")

LONGEST_WAIT = timedelta(minutes=1)
_NAME = "broker"
_FOUND = {
    Fault.UNREACHABLE: "does not answer",
    Fault.LOGIN: "rejects the login",
    Fault.CERTIFICATE: "has no certificate that is trusted",
    Fault.PERMISSION: "refuses the user",
    Fault.VIRTUAL_HOST: "refuses the virtual host",
    Fault.MISSING: "has not the exchange or the queue",
    Fault.DIFFERENT: "has them with other properties",
    Fault.BLOCKED: "takes no messages",
    Fault.UNCONFIRMED: "does not confirm",
    Fault.LOST: "closed the connection",
}
_PUBLISHING = (
    "see whether a worker runs, and what its log says of the broker: one whose memory or disk is full takes no "
    "messages; one where the user may not write refuses them"
)


def check_broker(environment: Mapping[str, str]) -> Iterator[CheckResult]:
    """Check that the broker can be used, if there is one. It publishes nothing and makes nothing."""
    try:
        settings = read_broker_settings(environment)
        if settings is not None:
            try_broker(settings)
            yield CheckResult(_NAME, True, f"answers, with {_describe(settings)}")
    except BadSetting as error:
        yield CheckResult(_NAME, False, str(error), "nothing is published until it is corrected")
    except BrokerFailed as failed:
        yield CheckResult(_NAME, False, _FOUND[failed.fault], _advise(failed))


def check_publishing(connection: Connection[Any], now: datetime) -> CheckResult:
    """Check that no change waits for long. A broker that is blocked, or that refuses the user's messages, answers."""
    row = connection.execute(sql("count_unpublished")).fetchone()
    assert row is not None, "the statement has no condition"
    waiting, since = row
    if since is None or now - since < LONGEST_WAIT:
        return CheckResult("publishing", True, "nothing waits for longer than a minute")
    number = count(waiting, "change waits", "changes wait")
    found = f"{number}, the oldest since {since.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    return CheckResult("publishing", False, found, _PUBLISHING)


def _describe(settings: BrokerSettings) -> str:
    parts = {"exchange": settings.exchange, "queue": settings.queue}
    return " and ".join(f"{kind} {name}" for kind, name in parts.items() if name is not None)


def _advise(failed: BrokerFailed) -> str:
    if failed.fault is Fault.MISSING:
        return "start a worker, which makes them, or with POSTLEDGER_BROKER_TOPOLOGY=check create them"
    return failed.advice

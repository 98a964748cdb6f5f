"""The gateway before Alertmanager: no foreign page gets through, and silences that match every alert are reported."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.parts.alerting import Alertmanager, Gateway, Prometheus
from tests.parts.credentials import CREDENTIALS
from tests.parts.part import ANSWER_WITHIN_S, WITHOUT_TLS
from tests.parts.receivers import Catcher
from tests.parts.waiting import wait_until

EVERYTHING = {"name": "alertname", "value": ".+", "isRegex": True}
WATCHDOG = {"name": "alertname", "value": "Watchdog", "isRegex": False}


@pytest.fixture(scope="module")
def catcher() -> Iterator[Catcher]:
    """Every receiver."""
    with Catcher() as catcher:
        yield catcher


@pytest.fixture(scope="module")
def alertmanager(catcher: Catcher) -> Iterator[Alertmanager]:
    """Alertmanager with its password."""
    with Alertmanager({"POSTLEDGER_ALERT_HEARTBEAT_URL": catcher.url}) as alertmanager:
        yield alertmanager


@pytest.fixture(scope="module")
def prometheus(alertmanager: Alertmanager) -> Iterator[Prometheus]:
    """Prometheus, which sends to Alertmanager directly."""
    with Prometheus(alertmanager=alertmanager.port) as prometheus:
        yield prometheus


@pytest.fixture(scope="module")
def gateway(alertmanager: Alertmanager, prometheus: Prometheus) -> Iterator[Gateway]:
    """The gateway, scraped by Prometheus."""
    with Gateway(alertmanager, prometheus.port) as gateway:
        prometheus.watch("silences", gateway.port)
        wait_until(lambda: prometheus.ask("postledger:alert_silenced:min") == 0, what="the first scrape of silences")
        yield gateway


def ask(gateway: Gateway, method: str, path: str, **options: object) -> httpx.Response:
    """Ask with the password, as a browser does that remembers it."""
    with httpx.Client(auth=CREDENTIALS, timeout=ANSWER_WITHIN_S, verify=WITHOUT_TLS) as client:
        return client.request(method, gateway.url + path, **options)  # type: ignore[arg-type]


def silence(gateway: Gateway, *matchers: dict[str, object]) -> str:
    """Make a silence of an hour; returns its id."""
    now = datetime.now(UTC)
    body = {
        "matchers": list(matchers),
        "startsAt": now.isoformat(),
        "endsAt": (now + timedelta(hours=1)).isoformat(),
        "createdBy": "a test",
        "comment": "a test",
    }
    answer = ask(gateway, "POST", "/api/v2/silences", json=body)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["silenceID"])


def silenced(gateway: Gateway) -> set[str]:
    """The names of the alerts that are silenced, as the gateway reports them."""
    lines = ask(gateway, "GET", "/metrics/silences").text.splitlines()
    return {line.split('"')[1] for line in lines if line.endswith(" 1") and not line.startswith("#")}


@pytest.mark.parametrize("path", ["/", "/api/v2/silences", "/metrics/silences", "/api/v1/alerts"])
def test_nothing_is_told_without_the_password(gateway: Gateway, path: str) -> None:
    assert httpx.get(gateway.url + path, timeout=ANSWER_WITHIN_S).status_code == 401
    wrong = httpx.get(gateway.url + path, auth=("postledger", "guessed"), timeout=ANSWER_WITHIN_S)
    assert wrong.status_code == 401


@pytest.mark.parametrize(
    "origin", ["https://page.example", "null", "http://127.0.0.1", "http://127.0.0.1:1", "|", "|http://a"]
)
@pytest.mark.parametrize("path", ["/api/v1/silences", "/api/v2/silences"])
def test_a_foreign_page_cannot_make_a_silence(gateway: Gateway, origin: str, path: str) -> None:
    headers = {"Origin": origin, "Content-Type": "text/plain"}

    answer = ask(gateway, "POST", path, headers=headers, content=b'{"matchers":[]}')

    assert answer.status_code == 403


def test_the_own_page_may_read_and_no_header_lets_others(gateway: Gateway) -> None:
    for path in ("/api/v2/status", "/api/v1/status"):
        answer = ask(gateway, "GET", path, headers={"Origin": gateway.url})

        assert answer.status_code == 200
        assert [name for name in answer.headers if name.startswith("access-control-")] == []


@pytest.mark.parametrize("host", ["page.example", "127.0.0.1.page.example", "localhost.page.example", "10.0.0.1"])
def test_a_foreign_name_is_refused(gateway: Gateway, host: str) -> None:
    assert ask(gateway, "GET", "/", headers={"Host": host}).status_code == 421


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:19093", "127.0.0.1:19093", "[::1]:19093"])
def test_a_tunnel_reaches_it_by_names_of_this_machine(gateway: Gateway, host: str) -> None:
    assert ask(gateway, "GET", "/-/ready", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    ("matchers", "spared"),
    [
        ([EVERYTHING], set()),
        ([{"name": "severity", "value": "critical|warning|info", "isRegex": True}], {"Watchdog"}),
        ([WATCHDOG | {"isEqual": False}], {"Watchdog"}),
        ([EVERYTHING, {"name": "source", "value": "", "isRegex": False}], set()),
        ([EVERYTHING, {"name": "source", "value": "acme", "isRegex": False, "isEqual": False}], set()),
    ],
)
def test_alerts_that_a_silence_matches_are_counted(
    gateway: Gateway, matchers: list[dict[str, object]], spared: set[str]
) -> None:
    every = {line.split('"')[1] for line in ask(gateway, "GET", "/metrics/silences").text.splitlines() if '"' in line}
    made = silence(gateway, *matchers)

    assert silenced(gateway) == every - spared

    ask(gateway, "DELETE", f"/api/v2/silence/{made}").raise_for_status()
    assert silenced(gateway) == set()


@pytest.mark.parametrize(
    "matchers",
    [
        [{"name": "source", "value": "acme", "isRegex": False}],
        [{"name": "alertname", "value": "Target", "isRegex": True}],
        [EVERYTHING, {"name": "instance", "value": "db-[0-9]", "isRegex": True}],
    ],
)
def test_a_silence_about_one_source_silences_no_alert_whole(
    gateway: Gateway, matchers: list[dict[str, object]]
) -> None:
    made = silence(gateway, *matchers)

    assert silenced(gateway) == set()

    ask(gateway, "DELETE", f"/api/v2/silence/{made}").raise_for_status()


def test_two_silences_that_match_everything_together_stop_the_watchdog(
    gateway: Gateway, prometheus: Prometheus
) -> None:
    team = {"name": "team", "isRegex": False}
    made = [silence(gateway, team | {"value": name}) for name in ("platform", "partners", "finance")]

    wait_until(lambda: "AlertsSilenced" in prometheus.firing(), what="the alert about silences")
    wait_until(lambda: "Watchdog" not in prometheus.firing(), what="the end of the watchdog")

    ask(gateway, "DELETE", f"/api/v2/silence/{made[0]}").raise_for_status()
    wait_until(lambda: prometheus.firing() == {"Watchdog"}, what="the watchdog alone")

"""Prometheus and Alertmanager for drills: the shipped files, sixty times as fast.

Every length of time in the rules and routes is divided by 60 and nothing else is changed, so that a minute of theirs is
a second of ours and the expressions that are tested are the shipped ones. Scrapes come 10 times as fast only, so that a
window of five minutes still holds ten of them.
"""

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from tests.parts.asking import ask_prometheus
from tests.parts.credentials import CREDENTIALS, write_credentials
from tests.parts.part import ANSWER_WITHIN_S, END_WITHIN_S, WITHOUT_TLS, Part
from tests.parts.ports import free_port
from tests.parts.waiting import wait_until

ROOT = Path(__file__).parents[2]
RULES_FASTER, SCRAPES_FASTER = 60, 10
_UNIT_MS = {"s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_LENGTH = re.compile(
    r"([\[:]|\boffset |\b(?:for|\w*interval|scrape_timeout|group_wait): )"  # where PromQL and YAML have lengths of time
    r"((?:\d+[smhd])+)\b"
)
_FAILURES = re.compile(r'^alertmanager_notification_requests_failed_total{integration="(\w+)"} (.+)$', re.MULTILINE)


def hasten(text: str, times: int) -> str:
    """The text of a configuration with every length of time in it divided; those in the names of series stay."""
    return _LENGTH.sub(lambda found: found[1] + _shorten(found[2], times), text)


def _shorten(length: str, times: int) -> str:
    total_ms = sum(int(number) * _UNIT_MS[unit] for number, unit in re.findall(r"(\d+)([smhd])", length))
    return f"{total_ms // times}ms"


class Alertmanager(Part):
    """The shipped routes with receivers from the environment, hastened; alerts can be posted to it."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="postledger-alertmanager-", dir="/tmp"))
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None
        file = self.home / "alertmanager.yml"
        write_receivers(file, environment)
        file.write_text(hasten(file.read_text(), RULES_FASTER))

    def start(self) -> None:
        """Start it, and return when it takes alerts."""
        self._process = _start(
            self.home,
            *(str(ROOT / "script/alertmanager"), f"{self.home}/alertmanager.yml", f"--storage.path={self.home}/data"),
            f"--web.listen-address=127.0.0.1:{self.port}",
            write_credentials(self.home),
        )
        wait_until(lambda: _answers(self.url), what="an Alertmanager")

    def remove(self) -> None:
        """End it and forget what it was told."""
        _end(self._process, self.home)

    def post(self, *alerts: Mapping[str, str]) -> None:
        """Post alerts by their labels, as Prometheus does."""
        self._post([{"labels": dict(labels)} for labels in alerts])

    def tell(self, labels: Mapping[str, str], annotations: Mapping[str, str], *, is_over: bool = False) -> None:
        """Post one alert with all that it says, or that it is over."""
        alert: dict[str, Any] = {"labels": dict(labels), "annotations": dict(annotations)}
        self._post([{**alert, "endsAt": datetime.now(UTC).isoformat()} if is_over else alert])

    def _post(self, alerts: Sequence[Mapping[str, Any]]) -> None:
        url = f"{self.url}/api/v2/alerts"
        answer = httpx.post(url, json=alerts, auth=CREDENTIALS, timeout=ANSWER_WITHIN_S, verify=WITHOUT_TLS)
        answer.raise_for_status()

    def failures(self) -> dict[str, float]:
        """How many messages each kind of receiver has failed to take."""
        found = _FAILURES.findall(_get(f"{self.url}/metrics").text)
        return {kind: float(count) for kind, count in found}

    def silent(self) -> set[str]:
        """The names of alerts that another one keeps back."""
        alerts = _get(f"{self.url}/api/v2/alerts").json()
        return {alert["labels"]["alertname"] for alert in alerts if alert["status"]["inhibitedBy"]}


class Prometheus(Part):
    """The shipped prometheus.yml and rules, hastened. It scrapes these jobs, and sends to the job alertmanager."""

    def __init__(self, **ports: int) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="postledger-prometheus-", dir="/tmp"))
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None
        shutil.copytree(ROOT / "monitoring/prometheus/rules", self.home / "rules")
        shutil.copy(ROOT / "monitoring/prometheus/prometheus.yml", self.home)
        _rewrite(self.home / "prometheus.yml", lambda text: hasten(text, SCRAPES_FASTER))
        for file in (self.home / "rules").iterdir():
            _rewrite(file, lambda text: hasten(text, RULES_FASTER))
        (self.home / "targets").mkdir()
        self._targets = len(ports)
        for job, port in ports.items():
            self.watch(job, port)

    def start(self) -> None:
        """Start it, and return when it has reached all of its targets."""
        self._process = _start(
            self.home,
            *("prometheus", f"--config.file={self.home}/prometheus.yml", f"--storage.tsdb.path={self.home}/data"),
            *("--enable-feature=expand-external-labels", f"--web.listen-address=127.0.0.1:{self.port}"),
            write_credentials(self.home),
        )
        wait_until(lambda: self.ask("count(up == 1)") == self._targets, what="all targets that Prometheus reaches")

    def watch(self, job: str, port: int) -> None:
        """Scrape another target of one of the shipped jobs."""
        file = self.home / "targets" / f"{job}.json"
        file.with_suffix(".new").write_text(json.dumps([{"targets": [f"127.0.0.1:{port}"]}]))
        file.with_suffix(".new").rename(file)

    def remove(self) -> None:
        """End it and forget what it saw."""
        _end(self._process, self.home)

    def ask(self, expression: str) -> float | None:
        """The value of an expression's first series, or None."""
        return ask_prometheus(self.url, expression)

    def failing(self) -> dict[str, str]:
        """The rules that could not be evaluated, with what Prometheus says of each."""
        groups = _get(f"{self.url}/api/v1/rules").json()["data"]["groups"]
        return {
            rule["name"]: rule["lastError"] for group in groups for rule in group["rules"] if rule["health"] == "err"
        }

    def firing(self) -> set[str]:
        """The names of all alerts that fire."""
        alerts = _get(f"{self.url}/api/v1/alerts").json()["data"]["alerts"]
        return {alert["labels"]["alertname"] for alert in alerts if alert["state"] == "firing"}


class Gateway(Part):
    """The shipped gateway before an Alertmanager."""

    def __init__(self, alertmanager: Alertmanager, prometheus_port: int) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="postledger-gateway-", dir="/tmp"))
        self.home.chmod(0o755)  # nginx' worker gives up root
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._ports = [str(port) for port in (self.port, alertmanager.port, prometheus_port)]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and return when Alertmanager answers through it."""
        self._process = _start(self.home, str(ROOT / "script/alertmanager-gateway"), str(self.home), *self._ports)
        wait_until(lambda: _answers(self.url), what="Alertmanager behind its gateway")

    def remove(self) -> None:
        """End it."""
        _end(self._process, self.home)


def write_receivers(file: Path, environment: Mapping[str, str]) -> None:
    """Have the shipped script write Alertmanager's configuration."""
    variables = {"PATH": os.environ["PATH"], **environment}
    done = subprocess.run(
        [ROOT / "script/alertmanager-config", file], env=variables, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise ValueError(done.stderr)


def _rewrite(file: Path, change: Callable[[str], str]) -> None:
    file.write_text(change(file.read_text("utf-8")))


def _get(url: str) -> httpx.Response:
    return httpx.get(url, auth=CREDENTIALS, timeout=ANSWER_WITHIN_S, verify=WITHOUT_TLS)


def _answers(url: str) -> bool:
    try:
        return _get(f"{url}/-/ready").status_code == 200
    except httpx.TransportError:
        return False


def _start(home: Path, *command: str) -> subprocess.Popen[bytes]:
    environment = {"PATH": os.environ["PATH"], "POSTLEDGER_RUNBOOKS_URL": "http://runbooks.test"}
    with (home / "log").open("ab") as log:
        return subprocess.Popen(command, env=environment, stdout=log, stderr=log)


def _end(process: subprocess.Popen[bytes] | None, home: Path) -> None:
    if process is not None:
        process.terminate()
        process.wait(timeout=END_WITHIN_S)
    shutil.rmtree(home)

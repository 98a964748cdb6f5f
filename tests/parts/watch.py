"""Prometheus as it is shipped, and the two exporters, watching a stack that a test has started.

Only the intervals are shorter, so that a test sees in seconds what takes a quarter of a minute in the field.
"""

import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.parts.asking import ask_prometheus
from tests.parts.credentials import write_credentials
from tests.parts.part import END_WITHIN_S, Part
from tests.parts.ports import free_port
from tests.parts.waiting import wait_until

ROOT = Path(__file__).parents[2]
SCRAPE_INTERVAL_S = 1
RUNBOOKS_URL = "http://runbooks.test"
_INTERVAL = re.compile(r"\binterval: \w+")
_SHORTER = (
    ("scrape_interval: 5s", f"scrape_interval: {SCRAPE_INTERVAL_S}s"),
    ("scrape_timeout: 4s", "scrape_timeout: 900ms"),
    ("evaluation_interval: 5s", "evaluation_interval: 1s"),
)


class Watch(Part):
    """The shipped prometheus.yml, looking at an edge's ops port, a worker, and Postgres as `monitor_url`.

    `history`, in the OpenMetrics format, is what it remembers from before.
    """

    def __init__(self, ops_port: int, worker_port: int, monitor_url: str, *, history: str = "") -> None:
        self.home = Path(tempfile.mkdtemp(prefix="postledger-prometheus-", dir="/tmp"))
        self.port, self._nginx_port, self._postgres_port = free_port(), free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._ops_port, self._worker_port, self._monitor_url = ops_port, worker_port, monitor_url
        self._processes: list[subprocess.Popen[bytes]] = []
        self._write_configuration()
        if history:
            self._remember(history)

    def start(self) -> None:
        """Start all three and return when Prometheus has reached every one of its targets."""
        self._run(
            "prometheus-nginx-exporter",
            f"-nginx.scrape-uri=http://127.0.0.1:{self._ops_port}/status/nginx",
            f"-web.listen-address=127.0.0.1:{self._nginx_port}",
        )
        self._run(
            "prometheus-postgres-exporter",
            "--extend.query-path=monitoring/postgres/queries.yaml",
            f"--web.listen-address=127.0.0.1:{self._postgres_port}",
            DATA_SOURCE_NAME=self._monitor_url,
        )
        self._run(
            "prometheus",
            "--enable-feature=expand-external-labels",
            f"--config.file={self.home}/prometheus.yml",
            f"--storage.tsdb.path={self.home}/data",
            "--storage.tsdb.retention.time=30d",
            f"--web.listen-address=127.0.0.1:{self.port}",
            write_credentials(self.home),
            POSTLEDGER_RUNBOOKS_URL=RUNBOOKS_URL,
        )
        wait_until(lambda: self.ask("count(up == 1)") == 6, what="six targets that Prometheus reaches")

    def ask(self, expression: str) -> float | None:
        """The value of an expression's first series; None when there is none, or it starts still."""
        return ask_prometheus(self.url, expression)

    def remove(self) -> None:
        """End all three and forget what they saw."""
        for process in self._processes:
            process.terminate()
            process.wait(timeout=END_WITHIN_S)
        shutil.rmtree(self.home)

    def _write_configuration(self) -> None:
        shutil.copytree(ROOT / "monitoring" / "prometheus", self.home, dirs_exist_ok=True)
        text = (self.home / "prometheus.yml").read_text()
        for shipped, shorter in _SHORTER:
            assert text.count(shipped) == 1, f"prometheus.yml has {shipped} once"
            text = text.replace(shipped, shorter)
        (self.home / "prometheus.yml").write_text(text)
        for rules in (self.home / "rules").glob("*.yml"):
            rules.write_text(_INTERVAL.sub(f"interval: {SCRAPE_INTERVAL_S}s", rules.read_text()))
        self._write_targets()

    def _write_targets(self) -> None:
        (self.home / "targets").mkdir()
        ports = {
            "backend": self._ops_port,
            "edge": self._ops_port,
            "worker": self._worker_port,
            "nginx": self._nginx_port,
            "postgres": self._postgres_port,
            "prometheus": self.port,
        }
        for job, port in ports.items():
            (self.home / "targets" / f"{job}.json").write_text(json.dumps([{"targets": [f"127.0.0.1:{port}"]}]))
        (self.home / "targets" / "alertmanager.json").write_text("[]")

    def _remember(self, history: str) -> None:
        (self.home / "history.txt").write_text(history)
        subprocess.run(
            ["promtool", "tsdb", "create-blocks-from", "openmetrics", self.home / "history.txt", self.home / "data"],
            check=True,
            capture_output=True,
        )

    def _run(self, *command: str, **environment: str) -> None:
        with (self.home / f"{command[0]}.log").open("ab") as log:
            process = subprocess.Popen(
                command, cwd=ROOT, env={"PATH": "/usr/bin:/bin", **environment}, stdout=log, stderr=log
            )
        self._processes.append(process)

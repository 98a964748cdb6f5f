"""A real worker process for tests, or a consumer of the broker, with a port of its own."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from tests.parts.part import ANSWER_WITHIN_S, END_WITHIN_S, WITHOUT_TLS, Part, remove_folder
from tests.parts.ports import free_port
from tests.parts.waiting import wait_until

ROOT = Path(__file__).parents[2]
SHIPPED, HELD = "postledger", "tests.parts.held_worker"
TABLES = """
CREATE TABLE handed_over (receipt uuid, revision integer);
CREATE TABLE steps (step integer);
CREATE TABLE holds (within_a_statement boolean NOT NULL)
"""
"""The tables of the held worker."""


class Worker(Part):
    """`with Worker(environment) as worker:` starts it and waits until it is healthy.

    `program` is the module that is run: the shipped one, or `HELD`, whose work waits until a test lets it go on.
    """

    command = "worker"

    def __init__(self, environment: Mapping[str, str], *options: str, program: str = SHIPPED) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="postledger-worker-", dir="/tmp"))
        self._log = self.home / "worker.log"
        self.metrics_folder = self.home / "metrics"  # that of a backend, which the worker must not use
        self.port = int(environment.get("POSTLEDGER_WORKER_PORT") or free_port())
        self._command = [sys.executable, "-m", program, self.command, *options]
        self._environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": f"{ROOT / 'backend'}:{ROOT}",
            "POSTLEDGER_SETTINGS_FILE": "/dev/null",
            "POSTLEDGER_WORKER_PORT": str(self.port),
            "PROMETHEUS_MULTIPROC_DIR": str(self.metrics_folder),
            **environment,
        }
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The address of its status server."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The process."""
        assert self._process is not None, "the worker was not started"
        return self._process.pid

    def start(self) -> None:
        """Start it, and return when it is healthy."""
        self.start_soon()
        wait_until(self.is_healthy, what="a healthy worker")

    def start_soon(self) -> None:
        """Start it, and return at once."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, cwd=self.home, env=self._environment, stdout=log, stderr=log, start_new_session=True
            )

    def kill(self) -> None:
        """`kill -9`."""
        os.kill(self.pid, signal.SIGKILL)
        self.wait()

    def terminate(self) -> None:
        """Ask it to stop, and return at once."""
        os.kill(self.pid, signal.SIGTERM)

    def wait(self) -> int:
        """Wait for its end, and return its exit code."""
        assert self._process is not None, "the worker was not started"
        return self._process.wait(timeout=END_WITHIN_S)

    def remove(self) -> None:
        """End it and remove its folder."""
        if self._process is not None and self._process.poll() is None:
            self.kill()
        remove_folder(self.home)

    def is_healthy(self) -> bool:
        """Whether `/healthz` is 200."""
        assert self._process is not None
        assert self._process.poll() is None, f"the worker has ended:\n{self.log_text()}"
        try:
            return self.get("/healthz").status_code == 200
        except httpx.TransportError:
            return False

    def get(self, path: str) -> httpx.Response:
        """Request something of its status server."""
        return self.ask("GET", path)

    def ask(self, method: str, path: str, **headers: str) -> httpx.Response:
        """Request something in another way."""
        return httpx.request(
            method, f"{self.url}{path}", headers=headers, timeout=ANSWER_WITHIN_S, trust_env=False, verify=WITHOUT_TLS
        )

    def log_text(self) -> str:
        """All that it has written."""
        return self._log.read_text("utf-8")

    def log_lines(self, event: str | None = None) -> list[dict[str, Any]]:
        """The entries of its log, or those of one event."""
        lines = [json.loads(line) for line in self.log_text().splitlines(keepends=True) if line.endswith("\n")]
        return [line for line in lines if event in (None, line["event"])]

    def memory_mib(self) -> float:
        """The memory that it occupies."""
        (line,) = [line for line in Path(f"/proc/{self.pid}/status").read_text().splitlines() if "VmRSS" in line]
        return int(line.split()[1]) / 1024


class Consumer(Worker):
    """`postledger consume`, which is a process of the same kind."""

    command = "consume"

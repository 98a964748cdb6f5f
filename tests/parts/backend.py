"""The real backend for tests: gunicorn with the shipped configuration, on unix sockets in a folder of its own.

It serves tests that speak to it directly and, as `Edge(backend_socket=backend.socket)`, those that come through TLS.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from tests.parts.part import ANSWER_WITHIN_S, END_WITHIN_S, WITHOUT_TLS, Part, remove_folder
from tests.parts.patience import LONG_S
from tests.parts.waiting import wait_until

ROOT = Path(__file__).parents[2]
SHIPPED_APP, PATIENT_APP = "postledger.bootstrap.backend:create()", "tests.parts.patient_app:create()"
PATIENCE = ("--timeout", str(LONG_S), "--graceful-timeout", str(LONG_S))


class Backend(Part):
    """gunicorn and its workers. `environment` must hold DATABASE_URL and the master key.

    `with Backend(environment) as backend:` starts it, waits until every worker has a policy, and in the end removes it.
    `app` is another factory. `shipped_limits` are for tests of timeouts and of sampling: see `patient_app`.
    """

    def __init__(
        self, environment: Mapping[str, str], *, workers: int = 2, app: str = PATIENT_APP, shipped_limits: bool = False
    ) -> None:
        # Not pytest's tmp_path: the edge's workers must be able to walk to the socket, as to the shipped one.
        self.home = Path(tempfile.mkdtemp(prefix="postledger-backend-", dir="/tmp"))
        if os.geteuid() == 0:
            shutil.chown(self.home, group="postledger-edge")
            self.home.chmod(0o710)
        self.socket, self.operators_socket = self.home / "backend.sock", self.home / "operators.sock"
        self._log, self._metrics = self.home / "backend.log", self.home / "metrics"
        self.request_log = self.home / "requests.log"
        self._workers = workers
        self._arguments = [SHIPPED_APP] if shipped_limits else [*PATIENCE, app]
        self._environment = {**os.environ, **self._variables(), **environment}
        self._process: subprocess.Popen[bytes] | None = None
        self._groups: list[int] = []

    @property
    def pid(self) -> int:
        """The process that a supervisor would know: gunicorn's master."""
        assert self._process is not None, "the backend is not running"
        return self._process.pid

    def worker_pids(self) -> list[int]:
        """The living children of the master."""
        found = subprocess.run(["pgrep", "-P", str(self.pid)], capture_output=True, text=True, check=False)
        return [int(pid) for pid in found.stdout.split()]

    def start(self, *, ready: bool = True) -> None:
        """Start it (again); with `ready`, return when it is healthy and every worker has read a policy."""
        with self._log.open("ab") as log:
            # A group of its own, as under the supervisor, and so that whatever it leaves behind can be found.
            self._process = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "-c", "backend/gunicorn.conf.py", *self._arguments],
                cwd=ROOT,
                env=self._environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._groups.append(self._process.pid)
        if ready:
            wait_until(self._is_ready, what="a healthy backend")

    def kill(self, pid: int | None = None) -> None:
        """`kill -9` of one process, by default the master, whose workers then live on for about a second."""
        os.kill(pid or self.pid, signal.SIGKILL)
        if pid in (None, self.pid):
            self._await_end()

    def terminate(self) -> None:
        """Ask it to stop, as a supervisor does, and return at once."""
        os.kill(self.pid, signal.SIGTERM)

    def stop(self) -> None:
        """A graceful stop: returns when the master has ended."""
        if self._process is not None:
            if self._process.poll() is None:
                self.terminate()
            self._await_end()

    def remove(self) -> None:
        """End it and whatever is left of it at once, which `stop` takes a second for, and remove its folder."""
        for group in self._groups:
            _end_group(group)
        if self._process is not None:
            self._await_end()
        remove_folder(self.home)

    def client(self) -> httpx.Client:
        """An HTTP client for the public routes, past the edge."""
        return _client(self.socket)

    def operators(self) -> httpx.Client:
        """An HTTP client for the operators' routes."""
        return _client(self.operators_socket)

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
        """GET a public route once."""
        with self.client() as client:
            return client.get(path, headers=dict(headers or {}))

    def post(self, path: str, body: bytes, headers: Mapping[str, str] | None = None) -> httpx.Response:
        """Post once."""
        with self.client() as client:
            return client.post(path, content=body, headers=dict(headers or {}))

    def is_healthy(self) -> bool:
        """True when it answers, and says so."""
        with socket.socket(socket.AF_UNIX) as probe:  # httpx leaves one behind that could not connect
            if probe.connect_ex(str(self.operators_socket)) != 0:
                return False
        try:
            with self.operators() as operators:
                return operators.get("/healthz").status_code == 200
        except httpx.TransportError:
            return False

    def request_lines(self) -> list[dict[str, Any]]:
        """The lines of its request log that are written as a whole, each as the object that it must be."""
        text = self.request_log.read_text() if self.request_log.exists() else ""
        return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]

    def request_line(self, receipt: str | None) -> dict[str, Any]:
        """The one line with this receipt, waited for."""
        assert receipt, "every answer has a receipt"
        wait_until(lambda: receipt in [line["receipt"] for line in self.request_lines()], what=f"the line of {receipt}")
        (line,) = [line for line in self.request_lines() if line["receipt"] == receipt]
        return line

    def log_text(self) -> str:
        """All that it has written to stdout and stderr since the first start."""
        return self._log.read_text(errors="replace")

    def metrics_text(self) -> str:
        """The metrics of all workers, living and dead, as a scrape sees them at this moment."""
        with self.operators() as operators:
            return operators.get("/internal/metrics").raise_for_status().text

    def wait_until_counted(self) -> None:
        """Wait until every worker has written all that it counted before this call.

        A worker writes everything in one go. So what it counted before is in its file when a second write has begun.
        """
        for _ in range(2):
            written = partial(self._have_written_since, self._metric_files())
            wait_until(written, what="metrics of each worker")

    def knows_source(self, slug: str) -> bool:
        """True when every worker has read a policy with that source: each shows a series of it in its own files."""
        pids = self.worker_pids()
        return len(pids) == self._workers and all(self._shows_source(pid, slug) for pid in pids)

    def _shows_source(self, pid: int, slug: str) -> bool:
        # The gauges of a source are set with each policy, and a counter of `unknown` is there from the first one.
        files = (self._metrics / f"{kind}_{pid}.db" for kind in ("gauge_livemax", "counter"))
        return any(_shows(file, f'"{slug}"') for file in files)

    def wait_for_source(self, slug: str) -> None:
        """Wait until every worker has read a policy with that source."""
        wait_until(lambda: self.knows_source(slug), what=f"a policy with {slug}")

    def _have_written_since(self, before: dict[int, bytes]) -> bool:
        for _ in range(self._workers):
            _count_a_request(self.operators_socket)
        now = self._metric_files()
        return len(now) == self._workers and all(before.get(pid) != content for pid, content in now.items())

    def _metric_files(self) -> dict[int, bytes]:
        """The file in which each worker keeps the durations of requests."""
        files = {pid: self._metrics / f"histogram_{pid}.db" for pid in self.worker_pids()}
        return {pid: file.read_bytes() for pid, file in files.items() if file.exists()}

    def _variables(self) -> dict[str, str]:
        return {
            "PYTHONPATH": str(ROOT / "backend"),
            "PYTHONUNBUFFERED": "1",
            "POSTLEDGER_BACKEND_SOCKET": str(self.socket),
            "POSTLEDGER_WORKERS": str(self._workers),
            "PROMETHEUS_MULTIPROC_DIR": str(self._metrics),
            "POSTLEDGER_REQUEST_LOG": str(self.request_log),
        }

    def _is_ready(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise RuntimeError(f"the backend did not start:\n{self.log_text()[-2000:]}")
        has_started = len(list(self._metrics.glob("counter_*.db"))) >= self._workers  # asks no other process
        return has_started and self.knows_source("unknown") and self.is_healthy()

    def _await_end(self) -> None:
        assert self._process is not None
        self._process.wait(timeout=END_WITHIN_S)
        self._process = None


def _client(socket_path: Path) -> httpx.Client:
    transport = httpx.HTTPTransport(verify=WITHOUT_TLS, uds=str(socket_path))
    return httpx.Client(transport=transport, base_url="http://backend", timeout=ANSWER_WITHIN_S)


def _count_a_request(operators_socket: Path) -> None:
    """Make a request that one of the workers counts, and that is not logged."""
    with socket.socket(socket.AF_UNIX) as asking:
        asking.settimeout(ANSWER_WITHIN_S)
        asking.connect(str(operators_socket))
        asking.sendall(b"PUT /internal/policy HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert asking.recv(12) == b"HTTP/1.1 405"


def _shows(file: Path, text: str) -> bool:
    return file.exists() and text.encode() in file.read_bytes()


def _end_group(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return

"""The real console for tests: gunicorn with the shipped configuration, on a unix socket in a folder of its own."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import httpx

from tests.parts.part import ANSWER_WITHIN_S, WITHOUT_TLS, Part, remove_folder
from tests.parts.patience import LONG_S, ROOT
from tests.parts.ports import free_port
from tests.parts.waiting import wait_until


class Console(Part):
    """`with Console(environment) as console:` starts it and waits until it is healthy. `environment`: DATABASE_URL."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        # Not pytest's tmp_path: the edge's workers must be able to walk to the socket.
        self.home = Path(tempfile.mkdtemp(prefix="postledger-console-", dir="/tmp"))
        if os.geteuid() == 0:
            shutil.chown(self.home, group="postledger-edge")
            self.home.chmod(0o710)
        self.socket, self._log, self.port = self.home / "console.sock", self.home / "console.log", free_port()
        self._environment = {**os.environ, **self._variables(), **environment}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process that a supervisor would know: gunicorn's master."""
        assert self._process is not None, "the console is not running"
        return self._process.pid

    def start(self) -> None:
        """Start it, and return when it is healthy."""
        self.start_without_waiting()
        wait_until(self._is_healthy, what="a healthy console")

    def start_without_waiting(self) -> None:
        """Start it, healthy or not."""
        options = ("--timeout", str(LONG_S), "--graceful-timeout", str(LONG_S))
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "-c", "backend/console.conf.py", *options],
                cwd=ROOT,
                env=self._environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def stop(self) -> int:
        """Ask it to end, as a supervisor does; return its exit code."""
        assert self._process is not None
        self._process.terminate()
        return self.wait_for_end()

    def wait_for_end(self) -> int:
        """Wait until it has ended; return its exit code."""
        assert self._process is not None
        code = self._process.wait(timeout=ANSWER_WITHIN_S)
        self._process = None
        return code

    def answers(self) -> int:
        """The status of its health check; 0 while it does not listen."""
        try:
            return self.status("/healthz").status_code
        except httpx.TransportError:
            return 0

    def remove(self) -> None:
        """End it and remove its folder."""
        if self._process is not None:
            os.killpg(self.pid, signal.SIGKILL)
            self._process.wait(timeout=ANSWER_WITHIN_S)
        remove_folder(self.home)

    def client(self) -> httpx.Client:
        """An HTTP client, past the edge."""
        transport = httpx.HTTPTransport(verify=WITHOUT_TLS, uds=str(self.socket))
        return httpx.Client(transport=transport, base_url="http://console", timeout=ANSWER_WITHIN_S)

    def status(self, path: str) -> httpx.Response:
        """Request something of its status server."""
        url = f"http://127.0.0.1:{self.port}{path}"
        return httpx.get(url, timeout=ANSWER_WITHIN_S, trust_env=False, verify=WITHOUT_TLS)

    def counted(self, result: str) -> float:
        """How many requests for the decision page had this result."""
        sample = f'postledger_decision_page_requests_total{{result="{result}"}}'
        lines = (line.rpartition(" ") for line in self.status("/metrics").text.splitlines())
        return next((float(value) for name, _, value in lines if name == sample), 0.0)

    def log_text(self) -> str:
        """All that it has written."""
        return self._log.read_text(errors="replace")

    def _is_healthy(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, f"the console did not start:\n{self.log_text()[-2000:]}"
        return self.answers() == 200

    def _variables(self) -> dict[str, str]:
        return {
            "PYTHONPATH": str(ROOT / "backend"),
            "PYTHONUNBUFFERED": "1",
            "POSTLEDGER_CONSOLE_SOCKET": str(self.socket),
            "POSTLEDGER_CONSOLE_STATUS_PORT": str(self.port),
            "PROMETHEUS_MULTIPROC_DIR": str(self.home / "not-for-it"),
        }

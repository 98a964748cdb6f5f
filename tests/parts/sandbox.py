"""The real sandbox for tests: gunicorn with the shipped configuration, on a unix socket in a folder of its own."""

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

PATIENT_APP = "tests.parts.patient_sandbox:create()"


class Sandbox(Part):
    """`with Sandbox(environment) as sandbox:` starts it and waits until it is healthy.

    `environment` must hold DATABASE_URL and the master key.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        # Not pytest's tmp_path: the edge's workers must be able to walk to the socket.
        self.home = Path(tempfile.mkdtemp(prefix="postledger-sandbox-", dir="/tmp"))
        if os.geteuid() == 0:
            shutil.chown(self.home, group="postledger-edge")
            self.home.chmod(0o710)
        self.socket, self._log, self.port = self.home / "sandbox.sock", self.home / "sandbox.log", free_port()
        self._environment = {**os.environ, **self._variables(), **environment}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process that a supervisor would know: gunicorn's master."""
        assert self._process is not None, "the sandbox is not running"
        return self._process.pid

    def worker_pids(self) -> set[int]:
        """The living children of the master."""
        found = subprocess.run(["pgrep", "-P", str(self.pid)], capture_output=True, text=True, check=False)
        return {int(pid) for pid in found.stdout.split()}

    def start(self) -> None:
        """Start it, and return when it is healthy."""
        options = ("--timeout", str(LONG_S), "--graceful-timeout", str(LONG_S), PATIENT_APP)
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "-c", "backend/sandbox.conf.py", *options],
                cwd=ROOT,
                env=self._environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_until(self._is_healthy, what="a healthy sandbox")

    def kill(self) -> None:
        """`kill -9` of the master and its worker."""
        os.killpg(self.pid, signal.SIGKILL)
        assert self._process is not None
        self._process.wait(timeout=ANSWER_WITHIN_S)
        self._process = None

    def remove(self) -> None:
        """End it and remove its folder."""
        if self._process is not None:
            self.kill()
        remove_folder(self.home)

    def client(self) -> httpx.Client:
        """An HTTP client, past the edge."""
        transport = httpx.HTTPTransport(verify=WITHOUT_TLS, uds=str(self.socket))
        return httpx.Client(transport=transport, base_url="http://sandbox", timeout=ANSWER_WITHIN_S)

    def status(self, path: str) -> httpx.Response:
        """Request something of its status server."""
        url = f"http://127.0.0.1:{self.port}{path}"
        return httpx.get(url, timeout=ANSWER_WITHIN_S, trust_env=False, verify=WITHOUT_TLS)

    def metric(self, sample: str) -> float:
        """The value of one sample; 0 if it does not exist."""
        lines = (line.rpartition(" ") for line in self.status("/metrics").text.splitlines())
        return next((float(value) for name, _, value in lines if name == sample), 0.0)

    def log_text(self) -> str:
        """All that it has written."""
        return self._log.read_text(errors="replace")

    def _is_healthy(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, f"the sandbox did not start:\n{self.log_text()[-2000:]}"
        try:
            return self.status("/healthz").status_code == 200
        except httpx.TransportError:
            return False

    def _variables(self) -> dict[str, str]:
        return {
            "PYTHONPATH": str(ROOT / "backend"),
            "PYTHONUNBUFFERED": "1",
            "POSTLEDGER_SANDBOX_SOCKET": str(self.socket),
            "POSTLEDGER_SANDBOX_PORT": str(self.port),
            "PROMETHEUS_MULTIPROC_DIR": str(self.home / "not-for-it"),
        }

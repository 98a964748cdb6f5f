"""The ground that all contestants share (one Postgres, one edge), and gunicorn, which is started anew for each of them.

Postgres and the edge are the parts that the tests use: `script/postgres-cluster` and `script/edge`, as shipped.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec

from loadtests.bench.ledger import SLUG, postgres_pid
from loadtests.bench.processes import Memory, children, read_memory
from tests.parts.edge import Edge
from tests.parts.postgres import Postgres

ROOT = Path(__file__).parents[2]
START_WITHIN_S = 30
_IGNORED = shutil.ignore_patterns("__pycache__")
STOP_WITHIN_S = 2  # nobody waits for an answer any more; what was acknowledged is in Postgres


class Ground(msgspec.Struct, frozen=True):
    """What stays while contestants come and go; `home` is a directory of this run alone."""

    home: Path
    postgres: Postgres
    edge: Edge
    edge_pid: int
    postgres_pid: int

    @property
    def backend(self) -> Path:
        """The backend as it was at the start: who edits during a long run must not mix two versions."""
        return self.home / "backend"

    @property
    def backend_socket(self) -> Path:
        """Where the edge looks for whoever is being measured."""
        return self.home / "backend.sock"


@contextmanager
def run_ground() -> Iterator[Ground]:
    """Start Postgres and the edge, and stop and remove both."""
    with tempfile.TemporaryDirectory(prefix="postledger-bench-", dir="/tmp") as directory:
        home = Path(directory)
        with (
            Postgres(settings=()) as postgres,
            Edge(backend_socket=home / "backend.sock", environment=_no_guard(), policy=_policy()) as edge,
        ):
            shutil.copytree(ROOT / "backend", home / "backend", ignore=_IGNORED)
            yield Ground(home, postgres, edge, edge.pid, postgres_pid(postgres.url()))


@contextmanager
def run_beside(ground: Ground, name: str, checkout: Path = ROOT) -> Iterator[Ground]:
    """Start another edge before the same Postgres, so that two contestants can be alive at once.

    Edge and backend come from `checkout`: this one as it was at the start, or another one to compare with.
    """
    home = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=ground.home))
    shutil.copytree(ground.backend if checkout == ROOT else checkout / "backend", home / "backend", ignore=_IGNORED)
    socket = home / "backend.sock"
    with Edge(backend_socket=socket, environment=_no_guard(), policy=_policy(), root=checkout) as edge:
        yield Ground(home, ground.postgres, edge, edge.pid, ground.postgres_pid)


def _policy() -> dict[str, object]:
    """What the edge has on its disk: it would let nobody in for the contestants that have no policy to give."""
    source = {"slug": SLUG, "allow": [], "rate": 1_000_000, "burst": 1_000_000, "mode": "enforce", "client_ca": None}
    return {"version": 0, "sources": [source]}


def _no_guard() -> dict[str, str]:
    return {"POSTLEDGER_NETWORK_RATE": "0"}


class Backend:
    """One contestant's gunicorn behind the edge, for the time of a `with`."""

    def __init__(self, ground: Ground, command: list[str], environment: Mapping[str, str]) -> None:
        self._ground, self._command = ground, command
        self._environment = {
            **os.environ,
            "PYTHONPATH": f"{ground.backend}:{ROOT}",
            "POSTLEDGER_BACKEND_SOCKET": str(ground.backend_socket),
            "POSTLEDGER_OPERATORS_SOCKET": str(ground.home / "operators.sock"),
            "PROMETHEUS_MULTIPROC_DIR": str(ground.home / "metrics"),
            "POSTLEDGER_REQUEST_LOG": str(ground.home / "requests.log"),
            **environment,
        }
        self._log = ground.home / "gunicorn.log"
        self._opener = _make_opener(ground.edge)

    def __enter__(self) -> "Backend":
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", *self._command],
                cwd=ROOT, env=self._environment, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        self._wait_until_healthy()
        return self

    def __exit__(self, *_: object) -> None:
        # QUIT, not TERM, which would wait for the edge's idle connections to close.
        self._process.send_signal(signal.SIGQUIT)
        try:
            self._process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    @property
    def pid(self) -> int:
        """Gunicorn's master."""
        return self._process.pid

    def worker_memory(self) -> list[Memory]:
        """The memory of each worker."""
        return [read_memory(worker) for worker in children(self._process.pid)]

    def _wait_until_healthy(self) -> None:
        deadline = time.monotonic() + START_WITHIN_S
        while not self._is_healthy():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.__exit__()
                raise RuntimeError(f"gunicorn did not start:\n{self._log.read_text()[-3000:]}")
            time.sleep(0.05)

    def _is_healthy(self) -> bool:
        try:
            with self._opener.open(f"{self._ground.edge.https_url}/healthz", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


def _make_opener(edge: Edge) -> urllib.request.OpenerDirector:
    # Never by a proxy: the edge is on this machine.
    https = urllib.request.HTTPSHandler(context=edge.tls_context())
    return urllib.request.build_opener(urllib.request.ProxyHandler({}), https)

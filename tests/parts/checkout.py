"""A copy of the project, and what its own scripts make of it, looked at from outside.

Apart from the tests of `make up` because what is alive is told by the kernel and by the parts themselves, and not by
what the scripts say.
"""

import os
import pty
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from compileall import compile_dir
from contextlib import contextmanager
from pathlib import Path

import httpx
import psycopg
import pytest

from tests.parts.part import ANSWER_WITHIN_S
from tests.parts.patience import make_patient
from tests.parts.ports import free_port
from tests.parts.waiting import wait_until

ROOT = Path(__file__).parents[2]
PORTS = (
    "POSTLEDGER_EDGE_PORT",
    "POSTLEDGER_EDGE_HTTP_PORT",
    "POSTLEDGER_OPS_PORT",
    "POSTLEDGER_CONSOLE_PORT",
    "PROMETHEUS_PORT",
    "ALERTMANAGER_PORT",
)
OK = 200
RUN_WITHIN_S = 300  # each wait within a script has an end of its own
EXPORTERS = ("postgres-exporter", "nginx-exporter", "node-exporter")
PARTS = (
    *(
        "postgres",
        "backend",
        "worker",
        "sandbox",
        "console",
        "edge",
        "prometheus",
        "alertmanager",
        "alertmanager-gateway",
    ),
    *EXPORTERS,
)


class Checkout:
    """A copy of the project, and one run of it in the directory `var`."""

    def __init__(self, root: Path, var: Path | None = None, **environment: str) -> None:
        self.root = root
        self.var = var or root / "var"
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": os.environ.get("HOME", "/"),
            "POSTLEDGER_VENV": sys.prefix,
            "POSTLEDGER_VAR": str(self.var),
            "POSTLEDGER_SETTINGS_FILE": str(self.var / "settings.env"),  # not that of this machine
            **{name: str(free_port()) for name in PORTS},
            **environment,
        }

    def run(self, script: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """The script as a newcomer's shell would run it, without a terminal; both streams are in `stdout`."""
        return self._run([script, *arguments], self.environment | environment, subprocess.DEVNULL)

    def run_with(self, environment: dict[str, str], script: str) -> subprocess.CompletedProcess[str]:
        """Run a script with this environment and no other variable."""
        return self._run([script], environment, subprocess.DEVNULL)

    def answer(self, script: str, typed: str) -> subprocess.CompletedProcess[str]:
        """Run a script at a terminal, where this is typed."""
        ours, its = pty.openpty()
        try:
            os.write(ours, typed.encode())
            return self._run([script], self.environment, its)
        finally:
            os.close(ours)
            os.close(its)

    def _run(self, command: list[str], environment: dict[str, str], stdin: int) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.root / "script" / command[0], *command[1:]],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=stdin,
            timeout=RUN_WITHIN_S,
            text=True,
            check=False,
        )

    def up(self) -> str:
        """Brings it up, and returns what was printed."""
        up = self.run("up")
        assert up.returncode == 0, up.stdout
        return up.stdout

    def ensure_up(self) -> None:
        """Bring it up unless it is."""
        if not self.is_up():
            self.up()

    def destroy(self) -> None:
        """Stop it and remove everything that it made at run time."""
        destroyed = self.run("destroy", "--yes", "--no-dump")
        assert destroyed.returncode == 0, destroyed.stdout

    def runtime(self) -> dict[str, str]:
        """What runtime.env says to a shell that sources it."""
        shell = f"set -a; . '{self.var}/runtime.env'; env -0"
        output = subprocess.run(["env", "-i", "bash", "-c", shell], capture_output=True, text=True, check=True).stdout
        return dict(line.split("=", 1) for line in output.split("\0") if line)

    def pid(self, part: str) -> int:
        """The first process of a part; 0 while there is none."""
        text = (self.var / "run" / f"{part}.pid").read_text()
        return int(text or 0)

    def is_up(self) -> bool:
        """True when the supervisor and every part live. The kernel says so at once; `script/status` starts Python."""
        try:
            return all(self._lives(self.pid(part)) for part in ("supervisord", "watcher", *PARTS))
        except FileNotFoundError:
            return False

    def _lives(self, pid: int) -> bool:
        return str(self.root) in _about(Path(f"/proc/{pid}"))

    def answers(self, part: str) -> bool:
        """Asks the part itself."""
        runtime = self.runtime()
        match part:
            case "postgres":
                return _connects(runtime["DATABASE_URL"])
            case "prometheus":
                return self._is_ready(runtime["PROMETHEUS_URL"])
            case "alertmanager" | "alertmanager-gateway":
                return self._is_ready(runtime["ALERTMANAGER_URL"])
            case "worker" | "sandbox" | "console":
                name = "CONSOLE_STATUS" if part == "console" else part.upper()
                return _is_ok(f"{runtime[f'POSTLEDGER_{name}_URL']}/healthz")
            case "postgres-exporter" | "nginx-exporter" | "node-exporter":
                return _is_ok(f"http://127.0.0.1:{(self.var / f'{part}.port').read_text().strip()}/metrics")
            case _:
                return _is_ok(runtime["POSTLEDGER_EDGE_URL"] + "/healthz", runtime["POSTLEDGER_CA_FILE"])

    def _is_ready(self, url: str) -> bool:
        try:
            return self.ask_monitoring(url + "/-/ready").status_code == OK
        except httpx.TransportError:
            return False

    def ask_monitoring(self, url: str, **headers: str) -> httpx.Response:
        """Ask Prometheus or Alertmanager with the password from runtime.env."""
        runtime = self.runtime()
        password = (runtime["PROMETHEUS_USER"], runtime["PROMETHEUS_PASSWORD"])
        return httpx.get(url, auth=password, headers=headers, timeout=ANSWER_WITHIN_S, trust_env=False)

    def processes(self) -> list[str]:
        """Command lines of all living processes that work in, or were told about, this checkout or its `var`."""
        return [text for pid in pids() if (text := _about(pid)) and (str(self.root) in text or str(self.var) in text)]


def kill_part(checkout: Checkout, part: str) -> float:
    """`kill -9` of a part; waits until the supervisor has it back at work, and returns how many seconds that took."""
    killed = checkout.pid(part)
    os.kill(killed, signal.SIGKILL)
    return wait_until(lambda: checkout.pid(part) not in (0, killed) and checkout.answers(part), what=part)


def kill_supervisor(checkout: Checkout) -> float:
    """`kill -9` of the supervisor; waits until the watcher has restarted it and all parts, and returns the seconds."""
    killed = [checkout.pid(part) for part in ("supervisord", *PARTS)]
    os.kill(killed[0], signal.SIGKILL)
    return wait_until(lambda: _is_replaced(checkout, killed) and all(map(checkout.answers, PARTS)), what="all parts")


def _is_replaced(checkout: Checkout, killed: list[int]) -> bool:
    try:
        return all(checkout.pid(part) not in (0, *killed) for part in ("supervisord", *PARTS))
    except FileNotFoundError:  # there is no supervisor at this moment
        return False


def _connects(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=ANSWER_WITHIN_S).close()
    except psycopg.OperationalError:
        return False
    return True


def _is_ok(url: str, ca_file: str | None = None) -> bool:
    context = ssl.create_default_context(cafile=ca_file) if ca_file else None
    try:
        with urllib.request.urlopen(url, timeout=ANSWER_WITHIN_S, context=context) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def pids() -> list[Path]:
    """Of every process but this one, its folder in `/proc`."""
    return [entry for entry in Path("/proc").iterdir() if entry.name.isdigit() and entry.name != str(os.getpid())]


def _about(process: Path) -> str:
    """Command line, directory and environment; nothing of a process that has ended."""
    try:
        if ") Z " in (process / "stat").read_text():
            return ""
        texts = [(process / name).read_bytes().decode(errors="replace") for name in ("cmdline", "environ")]
        return "\n".join([*texts, os.readlink(process / "cwd")])
    except OSError:
        return ""


@contextmanager
def copied_project(keeps_time: bool) -> Iterator[Path]:
    """A copy of the project, as a newcomer has it; unless it keeps time, with longer timeouts."""
    # Not pytest's tmp_path: that is closed to the users that Postgres and the edge's workers run as. A space, because
    # people have them in their directories' names.
    home = Path(tempfile.mkdtemp(prefix="postledger up ", dir="/tmp"))
    # A *.pyc.* is being written by a test beside this one.
    ignored = shutil.ignore_patterns(".git", ".venv*", "var", "*.pyc.*", "*.egg-info")
    shutil.copytree(ROOT, home, dirs_exist_ok=True, ignore=ignored)
    if not keeps_time:
        make_patient(home)
    # The parts cannot write here, and would compile all that they import at every start.
    compile_dir(home / "backend", quiet=1)
    yield home
    shutil.rmtree(home)


@pytest.fixture
def fresh(keeps_time: bool) -> Iterator[Checkout]:
    """A checkout in which nothing was started yet."""
    with copied_project(keeps_time) as root:
        checkout = Checkout(root)
        yield checkout
        checkout.destroy()


@pytest.fixture(scope="module")
def root(keeps_time: bool) -> Iterator[Path]:
    """A copy of the project."""
    with copied_project(keeps_time) as root:
        yield root


@pytest.fixture(scope="module")
def used(root: Path) -> Iterator[Checkout]:
    """That copy with ports of its own, up or down as the last test left it."""
    checkout = Checkout(root)
    yield checkout
    checkout.destroy()


@pytest.fixture
def checkout(used: Checkout) -> Checkout:
    """A checkout that is up."""
    used.ensure_up()
    return used

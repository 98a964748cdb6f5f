"""The system under test: a `make up` of its own, on free ports, beside a running one."""

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from loadtests.bench.processes import children

HERE = Path(__file__).parent
ROOT = Path(__file__).resolve().parents[1]
CLICKS, SHORT_CLICKS = 100_000, 2_000
IN_FORCE_WITHIN_S = 3.0
PARTNER = "load-get"
"""The source whose partner tries things in the sandbox."""
PORTS = (
    "POSTLEDGER_EDGE_PORT",
    "POSTLEDGER_EDGE_HTTP_PORT",
    "POSTLEDGER_OPS_PORT",
    "POSTLEDGER_CONSOLE_PORT",
    "PROMETHEUS_PORT",
    "ALERTMANAGER_PORT",
)
OURS = ("POSTLEDGER_", "PROMETHEUS_", "ALERTMANAGER_", "GRAFANA_", "DATABASE_URL", "LOCUST_")


class NoStack(Exception):
    """The stack did not start, or one of its commands failed; the text says why."""


class Stack:
    """A running stack. `settings` holds what its `runtime.env` says."""

    def __init__(self, var: Path) -> None:
        self.var = var
        self.settings = read_env(var / "runtime.env")
        self.edge_url = self.settings["POSTLEDGER_EDGE_URL"]
        self.database_url = self.settings["DATABASE_URL"]

    @property
    def clicks_file(self) -> Path:
        """The ids of the clicks that `prepare_ledger` imported, one a line."""
        return self.var / "load-clicks"

    @property
    def token_file(self) -> Path:
        """The partner token of the source `load-get` that `prepare_ledger` made."""
        return self.var / "load-token"

    def command(self, *words: str) -> str:
        """Run a `postledger` command on this stack and return what it printed. Raises `NoStack`."""
        return _run([sys.executable, "-m", "postledger", *words], clean_environment() | self.settings)

    def control(self, *words: str) -> str:
        """Ask the supervisor of this stack. Raises `NoStack`."""
        supervisor = [str(Path(sys.executable).with_name("supervisorctl")), "-c", str(self.var / "supervisor.conf")]
        return _run([*supervisor, *words], clean_environment(), ok=(0, 3))

    def pids(self) -> dict[str, int]:
        """The process of each part that runs now."""
        lines = [line.split() for line in self.control("status").splitlines()]
        return {words[0]: int(words[3].rstrip(",")) for words in lines if len(words) > 3 and words[1] == "RUNNING"}

    def workers(self) -> list[int]:
        """The processes of the backend's workers."""
        return children(self.pids()["backend"])


def start_stack(var: Path) -> Stack:
    """Start a stack with everything under `var`. Raises `NoStack`."""
    var.mkdir(parents=True)
    _run([str(ROOT / "script" / "up")], stack_environment(var) | dict(zip(PORTS, map(str, _free_ports()), strict=True)))
    return Stack(var)


def prepare_ledger(stack: Stack, *, is_short: bool) -> None:
    """Apply the sources of load tests, make a partner token and import clicks. Raises `NoStack`.

    It takes as long as `apply` promises until every worker knows the sources: before, a request may be answered 404.
    """
    stack.command("apply", str(HERE / "load.toml"))
    applied_s = time.monotonic()
    stack.token_file.touch(mode=0o600)
    stack.token_file.write_text(json.loads(stack.command("source", "token", PARTNER, "--json"))["token"])
    clicks = [f"load{number:08x}" for number in range(SHORT_CLICKS if is_short else CLICKS)]
    stack.clicks_file.write_text("\n".join(clicks))
    file = stack.clicks_file.with_suffix(".csv")
    file.write_text("click_id,campaign\n" + "".join(f"{click},load\n" for click in clicks))
    stack.command("clicks", "import", str(file))
    time.sleep(max(0.0, applied_s + IN_FORCE_WITHIN_S - time.monotonic()))


def stop_kept_stacks(results: Path) -> list[Path]:
    """Stop the stacks that runs with KEEP=1 left, and return the folders of those runs. Raises `NoStack`."""
    kept = [link.parent for link in results.glob("*/runtime.env") if link.is_symlink()]
    for folder in kept:
        stop_stack(folder / "stack")
        (folder / "runtime.env").unlink()
    return kept


def stop_stack(var: Path) -> None:
    """Stop a stack and remove everything that it made. Raises `NoStack`."""
    environment = stack_environment(var)
    _run([str(ROOT / "script" / "down")], environment)
    cluster = (var / "postgres").resolve()
    if cluster.exists():
        _run([str(ROOT / "script" / "postgres-cluster"), "remove", str(cluster)], environment)
    shutil.rmtree(var, ignore_errors=True)


def stack_environment(var: Path) -> dict[str, str]:
    """The environment of a stack's scripts: nothing that the shell or another stack has set reaches it."""
    return clean_environment() | {
        "POSTLEDGER_SETTINGS_FILE": str(var / "settings.env"),
        "POSTLEDGER_VAR": str(var),
        "POSTLEDGER_VENV": str(Path(sys.prefix)),
        "POSTLEDGER_DEMO": "off",
    }


def clean_environment() -> dict[str, str]:
    """This process' environment without any setting of Postledger or Locust."""
    return {name: value for name, value in os.environ.items() if not name.startswith(OURS)}


def read_env(path: Path) -> dict[str, str]:
    """Read a file of `KEY=value` lines, quoted as for a shell. Raises `NoStack`."""
    shell = ["bash", "-c", 'set -a; . "$1"; env -0', "bash", str(path)]
    read = subprocess.run(shell, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, check=False)
    if read.returncode:
        raise NoStack(f"{path} cannot be read: {read.stderr.strip()}")
    pairs = (word.partition("=") for word in read.stdout.split("\0") if word)
    return {name: value for name, _, value in pairs if name not in ("PATH", "PWD", "SHLVL", "_")}


def stop_postgres(stack: Stack) -> None:
    """Stop Postgres, as an outage does."""
    stack.control("stop", "postgres")


def start_postgres(stack: Stack) -> None:
    """Start Postgres."""
    stack.control("start", "postgres")


def kill_worker(stack: Stack) -> None:
    """Kill one worker of the backend with SIGKILL."""
    for worker in stack.workers()[:1]:
        os.kill(worker, signal.SIGKILL)


def _run(command: list[str], environment: Mapping[str, str], ok: tuple[int, ...] = (0,)) -> str:
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode in ok:
        return done.stdout
    raise NoStack(f"{' '.join(command[:3])}: {(done.stderr or done.stdout).strip()}")


def _free_ports() -> list[int]:
    # Not from the kernel's range for outgoing connections, any of which could sit on a port before its server does.
    ports: list[int] = []
    while len(ports) < len(PORTS):
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe:
            if port not in ports and probe.connect_ex(("127.0.0.1", port)) != 0:
                ports.append(port)
    return ports

"""The facts without which a number means nothing: the machine, the versions, the settings and the commit."""

import os
import platform
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from loadtests.bench.ledger import Ledger
from loadtests.bench.parts import ROOT

LIBRARIES = ("falcon", "gevent", "gunicorn", "msgspec", "psycopg", "psycopg-pool")
MEASURED = ("backend", "edge", "loadtests/bench")
SETTINGS = (
    "server_version", "fsync", "synchronous_commit", "full_page_writes", "wal_compression", "shared_buffers",
    "max_wal_size", "min_wal_size", "checkpoint_timeout",
)  # fmt: skip


def describe_machine(ledger: Ledger, home: Path) -> dict[str, object]:
    """Collect the facts; `home` is on the disk that Postgres writes to."""
    return {
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "memory_mib": os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2**20,
        "kernel": platform.release(),
        "filesystem": _say("stat", "--file-system", "--format=%T", str(home)),
        "load_before": os.getloadavg()[0],
        "python": platform.python_version(),
        "python_prefix": sys.base_prefix,
        "python_build": sysconfig.get_config_var("CONFIG_ARGS"),
        "nginx": _say("nginx", "-v"),
        "wrk": _say("wrk", "-v").split("[")[0].strip(),
        **{library: version(library) for library in LIBRARIES},
        "commit": _say("git", "-C", str(ROOT), "rev-parse", "HEAD"),
        "uncommitted": _say("git", "-C", str(ROOT), "status", "--porcelain", "--", *MEASURED),
        "postgres": _read_settings(ledger, SETTINGS),
    }


def _cpu_model() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), "unknown")


def _say(*command: str) -> str:
    # Some programs tell their version on stderr, and wrk with an exit code of 1.
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=10)
    return next(iter((done.stdout or done.stderr).splitlines()), "")


def _read_settings(ledger: Ledger, names: Sequence[str]) -> dict[str, str]:
    with ledger.connect() as connection:
        rows = connection.execute("SELECT name, current_setting(name) FROM unnest(%s::text[]) AS name", (list(names),))
        return dict(rows.fetchall())

"""An edge that waits for a slow machine: a copy of the shipped files in which only the timeouts are longer.

A test that sends one request expects its answer, however busy the machine is. Tests of the timeouts themselves run the
shipped files: `Edge(shipped_timeouts=True)`.
"""

import re
import shutil
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
LONG_S = 600
"""Longer than a test waits for anything, so that a test that hangs is reported as that."""
RELOADED_WITHIN_S = 100
"""Shorter than a test waits for the end of an edge that was stopped beside an unfinished request."""

UP_WITHIN_S = 250
"""Shorter than a test waits for `make up`, so that its message is seen."""

Changes = Mapping[str, tuple[str, str]]
_EDGE = {
    "nginx.conf": (r"(worker_shutdown_timeout) 10s;", rf"\1 {RELOADED_WITHIN_S}s;"),
    "snippets/limits.conf": (r"((?:client_header|client_body|send|keepalive)_timeout) \d+s;", rf"\1 {LONG_S}s;"),
    "snippets/proxy.conf": (r"(proxy_(?:connect|send|read)_timeout) \d+s;", rf"\1 {LONG_S}s;"),
    "lua/postledger/body.lua": (r"(local WITHIN_S =) 5", rf"\1 {LONG_S}"),
    # Tests of the sandbox send faster than a partner may. Those of its rates run the shipped file.
    "lua/postledger/sandbox_rate.lua": (r"rate = \d+, burst = \d+", "rate = 1000000, burst = 1000000"),
}
_PROJECT = {
    "backend/postledger/platform/timeouts.py": (
        r"((?:ANSWER|FLUSH|OPEN)_WITHIN_S|FLUSH_\w+_MS|POOL_STATEMENT_MS|CONNECT_S) = [\d.]+\n",
        rf"\1 = {LONG_S}_000\n",
    ),
    "script/up": (r"(SECONDS \+|--max-time) (?:\d+|\$2)", rf"\1 {UP_WITHIN_S}"),
}


def copy_patient(folder: Path) -> Path:
    """Copy the edge and the scripts there, with longer timeouts; return the folder, for `Edge(root=...)`."""
    for name in ("edge", "script"):
        shutil.copytree(ROOT / name, folder / name)
    (folder / "monitoring").symlink_to(ROOT / "monitoring")
    _change_all(folder / "edge", _EDGE)
    return folder


def make_patient(project: Path) -> None:
    """Lengthen the timeouts in a whole copy of the project: of the edge, of the backend, and of `make up`."""
    _change_all(project / "edge", _EDGE)
    _change_all(project, _PROJECT)


def _change_all(folder: Path, changes_of: Changes) -> None:
    for name, (shipped, patient) in changes_of.items():
        text, count = re.subn(shipped, patient, (folder / name).read_text("utf-8"))
        assert count, f"{name} has no {shipped}"
        (folder / name).write_text(text, "utf-8")

"""An edge whose quotas count by a clock that stands still until a test sets it.

It runs a copy of the shipped files in which one expression differs: where the gate reads nginx's clock.
"""

import shutil
from pathlib import Path

from tests.parts.edge import ROOT, Edge

_SHIPPED, _OURS = "ngx.now()", 'dofile(ngx.config.prefix() .. "quota_clock.lua")'


def copy_with_quota_clock(folder: Path) -> Path:
    """Copy the shipped files there, with the test's clock; return the folder, for `Edge(root=...)`."""
    for name in ("edge", "script"):
        shutil.copytree(ROOT / name, folder / name)
    gate = folder / "edge" / "lua" / "postledger" / "gate.lua"
    text = gate.read_text()
    assert text.count(_SHIPPED) == 1, "the gate reads the clock in one place"
    gate.write_text(text.replace(_SHIPPED, _OURS))
    return folder


def set_quota_clock(edge: Edge, now_s: float) -> None:
    """Set the clock, in seconds: before the edge starts, and to let time pass."""
    new = edge.prefix / "quota_clock.new"
    new.write_text(f"return {now_s}")
    new.rename(edge.prefix / "quota_clock.lua")

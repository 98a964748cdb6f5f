"""An edge whose quotas count by a clock that stands still until a test sets it.

It runs a copy of the patient files with two differences: where quotas read nginx's clock, and for how long nginx
keeps a number that no request has used, because nginx measures that by its own clock.
"""

import shutil
from pathlib import Path

from tests.parts.edge import Edge
from tests.parts.patience import LONG_S, ROOT, copy_patient

_CLOCK = ("ngx.now()", 'dofile(ngx.config.prefix() .. "quota_clock.lua")')
_CHANGES = {
    "gate.lua": _CLOCK,
    "clicks.lua": _CLOCK,
    "sandbox.lua": _CLOCK,
    "quota.lua": ("SLACK_S = 1 ", f"SLACK_S = {LONG_S} "),
}


def copy_with_quota_clock(folder: Path) -> Path:
    """Copy the patient files there, with the test's clock; return the folder, for `Edge(root=...)`."""
    copy_patient(folder)
    modules = folder / "edge" / "lua" / "postledger"
    shutil.copy(ROOT / "edge/lua/postledger/sandbox_rate.lua", modules)
    for name, (shipped, ours) in _CHANGES.items():
        file = modules / name
        text = file.read_text()
        assert text.count(shipped) == 1, f"{name} has {shipped} in one place"
        file.write_text(text.replace(shipped, ours))
    return folder


def set_quota_clock(edge: Edge, now_s: float) -> None:
    """Set the clock, in seconds: before the edge starts, and to let time pass."""
    new = edge.prefix / "quota_clock.new"
    new.write_text(f"return {now_s}")
    new.rename(edge.prefix / "quota_clock.lua")

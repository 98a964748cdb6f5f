"""Lets requests come first: lowers a command, and the server process that works for it, where that is allowed.

A lowered process gets less of a busy processor. And it has the longest slice that there is, so the kernel (Linux 6.12
or later) lets whatever becomes ready interrupt it at once. See docs/performance.md.
"""

import ctypes
import os
import platform
import socket
import struct
from contextlib import suppress
from pathlib import Path

from psycopg import Connection

NICE = 10
_SLICE_NS = 100_000_000
_PROC = Path("/proc")
_SESSION = 3
"""Where `/proc/PID/stat` has it, counted from the state: proc(5) numbers it 6."""
_SCHED_SETATTR = {"x86_64": 314, "aarch64": 274}
"""The number of the system call, for which the C library of Debian 12 has no function."""
_ATTRIBUTES = struct.Struct("=IIQiIQQQ")


def give_way(pid: int = 0) -> None:
    """Lower a process, by default this one."""
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, pid, NICE)
    with suppress(OSError):
        _lengthen_slice(pid)


def lower_server(connection: Connection[object]) -> None:
    """Lower the server process of a connection, if it is on this machine, and of this user or this user is root."""
    pid = connection.info.backend_pid
    with suppress(OSError):
        if not _serves(pid, _name_client(connection)):
            return
        give_way(pid)
        if _leads_session(pid):  # Linux weighs sessions, and then processes within each: autogroup in sched(7)
            (_PROC / str(pid) / "autogroup").write_text(str(NICE))


def _lengthen_slice(pid: int) -> None:
    number, policy = _SCHED_SETATTR.get(platform.machine()), os.sched_getscheduler(pid)
    if number is None or policy not in (os.SCHED_OTHER, os.SCHED_BATCH):
        return
    nice = os.getpriority(os.PRIO_PROCESS, pid)
    attributes = _ATTRIBUTES.pack(_ATTRIBUTES.size, policy, 0, nice, 0, _SLICE_NS, 0, 0)
    ctypes.CDLL(None).syscall(number, pid, attributes, 0)  # an older kernel leaves the slice as it is


def _name_client(connection: Connection[object]) -> str:
    """How the title of a server process names the client of this connection."""
    with socket.socket(fileno=os.dup(connection.fileno())) as duplicate:
        if duplicate.family == socket.AF_UNIX:
            return "[local]"
        address = duplicate.getsockname()
    return f"{address[0]}({address[1]})"


def _serves(pid: int, client: str) -> bool:
    """Whether a process of this machine is the server process of a client: a number alone may be another machine's."""
    title = (_PROC / str(pid) / "cmdline").read_bytes().decode("utf-8", "replace")
    return title.startswith("postgres:") and f" {client} " in f"{title} "


def _leads_session(pid: int) -> bool:
    facts = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    return int(facts[_SESSION]) == pid

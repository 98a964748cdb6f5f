"""Gives free ports to the services that a test starts.

Binding to port 0 is not enough: the kernel picks such a port from those of outgoing connections, and one of them may
take it while the service restarts.
"""

import os
import socket
from collections.abc import Mapping
from pathlib import Path
from random import SystemRandom

_OUTGOING = Path("/proc/sys/net/ipv4/ip_local_port_range")
_UNPRIVILEGED = range(20_000, 65_536)  # above most that is well known
_given: set[int] = set()


def free_port() -> int:
    """A port on 127.0.0.1 that nothing listens on, and that this run gives to no other caller.

    Most callers bind it later, or again after a restart.
    """
    candidates = take_share(list_quiet_ports(), os.environ)
    while True:
        port = SystemRandom().choice(candidates)
        if port not in _given and _is_free(port):
            _given.add(port)
            return port


def take_share(ports: list[int], environment: Mapping[str, str]) -> list[int]:
    """The ports of one pytest-xdist worker, because the workers run side by side and share no memory."""
    worker, count = environment.get("PYTEST_XDIST_WORKER", "gw0"), environment.get("PYTEST_XDIST_WORKER_COUNT", "1")
    return ports[int(worker.removeprefix("gw")) :: int(count)]


def list_quiet_ports() -> list[int]:
    """The ports that this machine's kernel gives to no outgoing connection; all, where it leaves none to servers."""
    lowest, highest = map(int, _OUTGOING.read_text().split())
    return [port for port in _UNPRIVILEGED if not lowest <= port <= highest] or list(_UNPRIVILEGED)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True

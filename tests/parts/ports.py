"""Free ports for the parts that a test starts.

Apart from the parts because all of them need one, and because the obvious way (bind to port 0) gives ports that any
outgoing connection of the machine may take while a part is being restarted.
"""

import socket
from pathlib import Path
from random import SystemRandom

_OUTGOING = Path("/proc/sys/net/ipv4/ip_local_port_range")
_UNPRIVILEGED = range(20_000, 65_536)  # above most that is well known
_given: set[int] = set()


def free_port() -> int:
    """A port on 127.0.0.1 that nothing listens on at this moment, and that was not given to anybody here before.

    Most who ask bind it only later, or again after a restart: until the run ends it stays theirs.
    """
    candidates = list_quiet_ports()
    while True:
        port = SystemRandom().choice(candidates)
        if port not in _given and _is_free(port):
            _given.add(port)
            return port


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

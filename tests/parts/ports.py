"""Free ports for the parts that a test starts.

Apart from the parts because all of them need one, and because the obvious way (bind to port 0) gives ports that any
outgoing connection of the machine may take while a part is being restarted.
"""

import random
import socket

# Below the kernel's range for outgoing connections, above everything that is well known.
RANGE = range(20_000, 32_000)


def free_port() -> int:
    """A port on 127.0.0.1 that nothing listens on at this moment."""
    while True:
        port = random.choice(RANGE)  # noqa: S311 - nobody gains anything by guessing it
        if _is_free(port):
            return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True

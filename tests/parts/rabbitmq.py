"""A real, private RabbitMQ node for tests: started, stopped and killed at will.

It is made by `script/rabbitmq-node`, the very lines that make the broker of `make up`.
"""

import os
import secrets
import signal
import socket
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

from tests.parts.part import ANSWER_WITHIN_S, END_WITHIN_S, Part, remove_folder
from tests.parts.ports import free_port
from tests.parts.waiting import wait_until

SCRIPT = Path(__file__).parents[2] / "script" / "rabbitmq-node"


class RabbitMQ(Part):
    """A node of its own in a directory under /tmp, on free ports of 127.0.0.1.

    `with RabbitMQ() as rabbitmq:` makes, starts, and in the end removes it. A start takes about 5 s, so tests share
    one: each uses exchanges and queues of its own, and leaves the node running and without an alarm.
    """

    def __init__(self) -> None:
        # Not pytest's tmp_path: that is closed to the user that RabbitMQ runs as.
        self.home = Path(tempfile.mkdtemp(prefix="postledger-rabbitmq-", dir="/tmp"))
        self.home.chmod(0o755)
        self._directory = self.home / "node"
        self._log = self.home / "rabbitmq.log"
        self._password = secrets.token_hex(16)
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()

    @property
    def url(self) -> str:
        """The address with the user and its password."""
        return self.url_of(self._password)

    def url_of(self, password: str) -> str:
        """The address with another password."""
        return f"amqp://postledger:{password}@127.0.0.1:{self.port}//"

    @property
    def pid(self) -> int:
        """The process of the node."""
        assert self._process is not None, "the node was not started"
        return self._process.pid

    def start(self) -> None:
        """Start the node and return when it accepts connections, after a recovery if one is needed."""
        if self._process is not None and self._process.poll() is None:
            return
        if not self._directory.exists():
            self._create()
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [SCRIPT, "run", self._directory], stdout=log, stderr=log, start_new_session=True
            )
        self._wait_until_ready(self._process)

    def kill(self) -> None:
        """`kill -9` of the node, with the name server that belongs to it."""
        self._end(signal.SIGKILL)

    def control(self, *command: str, stdin: str = "") -> str:
        """Run `rabbitmqctl COMMAND`, and return what it prints."""
        full = [str(SCRIPT), "ctl", str(self._directory), *command]
        return subprocess.run(full, check=True, capture_output=True, text=True, input=stdin).stdout

    def log_text(self) -> str:
        """All that the node has written to its log."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def remove(self) -> None:
        """Kill the node and remove every file."""
        self._end(signal.SIGKILL)
        remove_folder(self.home)

    def _create(self) -> None:
        ports = [str(self.port), str(free_port()), str(free_port())]
        environment = {**os.environ, "RABBITMQ_PASSWORD": self._password}
        subprocess.run([SCRIPT, "create", self._directory, *ports], env=environment, check=True)

    def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, how)
        self._process.wait(timeout=END_WITHIN_S)
        self._process = None

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        def is_ready() -> bool:
            if process.poll() is not None:
                raise RuntimeError(f"RabbitMQ did not start:\n{self.log_text()[-2000:]}")
            return self._answers()

        wait_until(is_ready, what="RabbitMQ")

    def _answers(self) -> bool:
        """True when the node takes connections: it answers the header of the protocol with a frame of type 1."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=ANSWER_WITHIN_S) as connection:
                connection.sendall(b"AMQP\x00\x00\x09\x01")
                return connection.recv(1) == b"\x01"
        except OSError:
            return False

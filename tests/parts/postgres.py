"""A real, private Postgres for tests: started, stopped and killed at will.

It is made by `script/postgres-cluster`, the very lines that make the cluster of `make up`, so that what the tests
prove (who it runs as, what its log holds, what survives a kill) is true of the shipped one.
"""

import base64
import hashlib
import hmac
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

import psycopg
from psycopg.sql import SQL, Literal

from tests.parts.part import ANSWER_WITHIN_S, END_WITHIN_S, Part, remove_folder
from tests.parts.ports import free_port
from tests.parts.waiting import wait_until

SCRIPT = Path(__file__).parents[2] / "script" / "postgres-cluster"
# Losing the last second of a test's rows in a power cut hurts nobody; waiting for the disk in a thousand tests does.
# Dropping a database looks at every buffer, and the shipped cluster has a quarter of the memory for them.
CARELESS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=128MB")
# The shipped cluster keeps 1 GB of its log.
SHORT_LOG = ("min_wal_size=80MB",)
# Each test has a database of its own, which is 300 files. After a thousand of them, ext4 spends more time on finding an
# inode that was not freed a moment ago than Postgres on everything else.
MEMORY, ROOM_BYTES = Path("/dev/shm"), 6 * 2**30


def find_fast_folder() -> Path:
    """Find a folder for files that need not survive anything: in memory, if it has room."""
    is_roomy = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= ROOM_BYTES
    return MEMORY if is_roomy else Path("/tmp")


class Postgres(Part):
    """A cluster of its own in a directory of its own, on a free port of 127.0.0.1.

    `with Postgres() as postgres:` makes, starts, and in the end removes it. The role `postledger` owns the database
    of the same name and may create others; `postledger_reader` and `postledger_monitor` only look. `durable=False`
    turns fsync off and keeps the files in memory if it has room, for tests that kill nothing.
    """

    def __init__(self, *, durable: bool = True, settings: tuple[str, ...] = SHORT_LOG) -> None:
        # Not pytest's tmp_path: that is closed to the user that Postgres runs as.
        folder = Path("/tmp") if durable else find_fast_folder()
        self._home = Path(tempfile.mkdtemp(prefix="postledger-postgres-", dir=folder))
        self._home.chmod(0o755)
        self._directory = self._home / "data"
        self._log = self._home / "postgres.log"
        self._password = secrets.token_hex(16)
        self._process: subprocess.Popen[bytes] | None = None
        self._durable = durable
        self._settings = (*settings, *(() if durable else CARELESS))
        self.port = free_port()

    def url(self, dbname: str = "postledger", role: str = "postledger") -> str:
        """The connection string of a role; all of this cluster have one password."""
        return f"postgresql://{role}:{self._password}@127.0.0.1:{self.port}/{dbname}?sslmode=disable"

    def start(self) -> None:
        """Starts the server and returns when it accepts connections, after a crash recovery if one is needed."""
        if self._process is not None and self._process.poll() is None:
            return
        is_new = not self._directory.exists()
        if is_new:
            self._create()
        with self._log.open("ab") as log:
            # A group of its own: Ctrl-C in pytest must not stop Postgres before the tests have cleaned up.
            self._process = subprocess.Popen(
                [SCRIPT, "run", self._directory], stdout=log, stderr=log, start_new_session=True
            )
        self._wait_until_ready(self._process)
        if is_new and not self._durable:
            self._shorten_logins()

    def stop(self) -> None:
        """A fast shutdown: sessions are ended, everything is written."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """`kill -9` of the server's first process. Its children notice and end by themselves."""
        self._end(signal.SIGKILL)

    def log_text(self) -> str:
        """All that the server has written to its log since it was made."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def remove(self) -> None:
        """Stops the server, which need not write anything any more, and removes every file."""
        self._end(signal.SIGQUIT)
        remove_folder(self._home)

    def _create(self) -> None:
        subprocess.run(
            [SCRIPT, "create", self._directory, str(self.port), *self._settings],
            env={
                **os.environ,
                "PGPASSWORD": self._password,
                "READER_PASSWORD": self._password,
                "MONITOR_PASSWORD": self._password,
            },
            check=True,
        )

    def _shorten_logins(self) -> None:
        """Store the owner's password hashed once, not 4,096 times: at each login a client must hash it as often.

        That takes 3 ms of processor time, and a test logs in some ten times.
        """
        salt = secrets.token_bytes(16)
        salted = hashlib.pbkdf2_hmac("sha256", self._password.encode(), salt, 1)
        keys = [hmac.digest(salted, key, "sha256") for key in (b"Client Key", b"Server Key")]
        parts = (salt, hashlib.sha256(keys[0]).digest(), keys[1])
        verifier = "SCRAM-SHA-256$1:{}${}:{}".format(*(base64.b64encode(part).decode() for part in parts))
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(SQL("ALTER ROLE postledger PASSWORD {}").format(Literal(verifier)).as_bytes())

    def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.send_signal(how)
        self._process.wait(timeout=END_WITHIN_S)
        self._process = None

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        def is_ready() -> bool:
            if process.poll() is not None:
                raise RuntimeError(f"Postgres did not start:\n{self.log_text()[-2000:]}")
            return self._answers()

        wait_until(is_ready, what="Postgres")

    def _answers(self) -> bool:
        """True when the server takes connections: a start-up packet is answered with a request for a password.

        While it starts, shuts down or recovers it answers with an error instead.
        """
        packet = b"\x00\x03\x00\x00user\x00postledger\x00database\x00postledger\x00\x00"
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=ANSWER_WITHIN_S) as connection:
                connection.sendall((len(packet) + 4).to_bytes(4, "big") + packet)
                return connection.recv(1) == b"R"
        except OSError:
            return False

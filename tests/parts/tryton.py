"""A real Tryton server for tests, with the books of a small company. Nothing of Tryton runs inside of Postledger.

`script/bootstrap --dev` installs it beside the virtual environment. Its database takes half a minute to make, so a dump
of it is kept there: for these libraries, these books, and this year, because a fiscal year belongs to them.
"""

import fcntl
import hashlib
import os
import secrets
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psycopg

from tests.parts.databases import create_database, drop_database
from tests.parts.part import END_WITHIN_S, WITHOUT_TLS, Part, remove_folder
from tests.parts.ports import free_port
from tests.parts.postgres import Postgres
from tests.parts.waiting import wait_until

ENVIRONMENT = Path(f"{sys.prefix}-erp")
BOOKS = Path(__file__).with_name("tryton_books.py")
LOGIN, PASSWORD = "postledger", "Tr0ub4dor-and-3"
_TEMPLATE = "tryton_template"


class Tryton(Part):
    """A server on a free port of 127.0.0.1, with a database of its own in a cluster that runs already.

    A start takes some 3 s, so the tests of a file share one: each makes bills with numbers of its own. A test that
    kills it starts it again.
    """

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres
        self._home = Path(tempfile.mkdtemp(prefix="postledger-tryton-", dir="/tmp"))
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()
        self.database = f"erp_{secrets.token_hex(4)}"
        self.url = f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start the server and return when it answers."""
        config = self._home / "trytond.conf"
        if not config.exists():
            create_database(self._postgres, self.database, template=_find_template(self._postgres))
            _write_config(config, self._postgres, self.port)
        command = [str(ENVIRONMENT / "bin" / "trytond"), "-c", str(config), "-d", self.database]
        with (self._home / "trytond.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        self._wait_until_ready(self._process)

    def kill(self) -> None:
        """`kill -9` of the server. What it has committed stays."""
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(timeout=END_WITHIN_S)
        self._process = None

    def remove(self) -> None:
        """Kill the server and remove its files and its database."""
        self.kill()
        if (self._home / "trytond.conf").exists():
            drop_database(self._postgres, self._postgres.url(self.database))
        remove_folder(self._home)

    def log_text(self) -> str:
        """All that the server has logged."""
        return (self._home / "trytond.log").read_text(errors="replace")

    def invoices(self, reference: str) -> list[tuple[str, ...]]:
        """State, type, party, currency, total and number of lines of each invoice with this reference."""
        return [tuple(map(str, row)) for row in self.fetch(_INVOICES, (reference,))]

    def fetch(self, statement: str, values: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
        """Ask the database of the server, past Tryton."""
        with psycopg.connect(self._postgres.url(self.database)) as connection:
            return connection.execute(statement.encode(), values or None).fetchall()

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        def is_ready() -> bool:
            if process.poll() is not None:
                raise RuntimeError(f"Tryton did not start:\n{self.log_text()[-2000:]}")
            with suppress(httpx.TransportError):
                asked = {"id": 0, "method": "common.server.version", "params": []}
                return httpx.post(f"{self.url}/rpc/", json=asked, trust_env=False, verify=WITHOUT_TLS).is_success
            return False

        wait_until(is_ready, what="Tryton")


_INVOICES = """
    SELECT invoice.state, invoice.type, party.code, currency.code, sum(line.unit_price), count(*)
    FROM account_invoice AS invoice
    JOIN party_party AS party ON party.id = invoice.party
    JOIN currency_currency AS currency ON currency.id = invoice.currency
    JOIN account_invoice_line AS line ON line.invoice = invoice.id
    WHERE invoice.reference = %s
    GROUP BY invoice.id, party.id, currency.id
    ORDER BY invoice.id
"""


def _write_config(file: Path, postgres: Postgres, port: int) -> None:
    uri = urlsplit(postgres.url())
    text = f"[database]\nuri = postgresql://{uri.netloc}/\npath = {file.parent}/files\n"
    file.write_text(f"{text}[web]\nlisten = 127.0.0.1:{port}\nroot =\n")


def _find_template(postgres: Postgres) -> str:
    """The name of a database of the cluster with the books in it: made once, from the dump if there is one."""
    with psycopg.connect(postgres.url()) as connection:
        known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (_TEMPLATE,)).fetchone()
    if not known:
        url = create_database(postgres, _TEMPLATE, template="template0")
        with _locked_cache() as folder:
            dump = folder / f"books-{_hash_inputs()}.dump"
            if not dump.exists():
                _keep_books(postgres, folder, dump)
        subprocess.run(["pg_restore", "--no-owner", "--exit-on-error", "--dbname", url, dump], check=True)
    return _TEMPLATE


@contextmanager
def _locked_cache() -> Iterator[Path]:
    folder = ENVIRONMENT / "books"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder


def _hash_inputs() -> str:
    inputs = (ENVIRONMENT / "made-from").read_bytes(), BOOKS.read_bytes(), str(datetime.now(UTC).year).encode()
    return hashlib.sha256(b"\0".join(inputs)).hexdigest()[:12]


def _keep_books(postgres: Postgres, folder: Path, dump: Path) -> None:
    """Make the books in a database of their own, and keep a dump of it."""
    url = create_database(postgres, template="template0")
    _make_books(postgres, url, folder)
    unfinished = dump.with_suffix(".part")
    subprocess.run(["pg_dump", "--format", "custom", "--compress", "1", "--file", unfinished, url], check=True)
    unfinished.rename(dump)
    drop_database(postgres, url)


def _make_books(postgres: Postgres, url: str, folder: Path) -> None:
    name, config, password = urlsplit(url).path.strip("/"), folder / "trytond.conf", folder / "password"
    _write_config(config, postgres, free_port())
    password.write_text(f"{PASSWORD}\n")
    environment = {**os.environ, "TRYTONPASSFILE": str(password), "TRYTOND_CONFIG": str(config)}
    update = ["trytond-admin", "-c", str(config), "-d", name, "-u", "account_invoice", "--activate-dependencies"]
    for command in ([*update, "--email", "a@example.com"], ["python", str(BOOKS), name, PASSWORD]):
        program = [str(ENVIRONMENT / "bin" / command[0]), *command[1:]]
        done = subprocess.run(program, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command[0]} failed:\n{done.stderr[-2000:]}"

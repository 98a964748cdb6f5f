"""The real edge for tests: `script/edge` with the shipped nginx.conf, on free ports, in a folder of its own.

Apart from the tests of the edge itself because the acceptance tests put the real backend behind the very same part.
"""

import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import Any

import httpx

from tests.parts.part import ANSWER_WITHIN_S, END_WITHIN_S, WITHOUT_TLS, Part
from tests.parts.patience import ROOT, copy_patient
from tests.parts.ports import free_port
from tests.parts.waiting import wait_until

__all__ = ["ALARMING", "ROOT", "SELF_SIGNED", "Edge", "wait_until"]

SELF_SIGNED = (
    *("openssl", "req", "-x509", "-nodes", "-days", "60"),
    *("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
    *("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"),
)
ALARMING = re.compile(r"\[(alert|emerg|crit)\]|stack traceback|lua entry thread aborted")


def renew_workers(pid: int) -> None:
    """Have that nginx read its configuration again and replace its workers; returns when the old ones have gone."""
    before = _workers_of(pid)
    os.kill(pid, signal.SIGHUP)
    wait_until(lambda: bool(_workers_of(pid)) and not _workers_of(pid) & before)


def _workers_of(pid: int) -> set[int]:
    found = subprocess.run(
        ["pgrep", "-x", "nginx|openresty", "-P", str(pid)], capture_output=True, text=True, check=False
    )
    return {int(worker) for worker in found.stdout.split()}


class Edge(Part):
    """nginx before the backend that listens on `backend_socket` (which need not exist yet).

    `with Edge(backend_socket=...) as edge:` starts, and in the end stops it, asserts that its error output is clean,
    and removes its folder. `environment` adds to or overrides the variables that `script/edge` reads; `root` is another
    copy of the project; `policy` is a snapshot that the edge has on its disk, as from an earlier run. A test that kills
    a part of it adds to `expected_alarms` the pattern of what nginx says then. `shipped_timeouts` are for tests of
    timeouts: see `patience`.
    """

    def __init__(
        self,
        *,
        backend_socket: Path | str,
        environment: dict[str, str] | None = None,
        root: Path | None = None,
        policy: dict[str, Any] | None = None,
        shipped_timeouts: bool = False,
    ) -> None:
        # Not pytest's tmp_path: that is closed to the user that the workers run as.
        self.prefix = Path(tempfile.mkdtemp(prefix="postledger-edge-", dir="/tmp"))
        self.prefix.chmod(0o755)
        self.ca_file = self.prefix / "edge.crt"
        self.https_port, self.http_port, self.ops_port = free_port(), free_port(), free_port()
        self.console_port = free_port()
        self.https_url = f"https://127.0.0.1:{self.https_port}"
        self.http_url = f"http://127.0.0.1:{self.http_port}"
        self.ops_url = f"http://127.0.0.1:{self.ops_port}"
        self.console_url = f"https://127.0.0.1:{self.console_port}"
        self.expected_alarms: list[str] = []
        self._root = ROOT if shipped_timeouts else root
        self._key_file = self.prefix / "edge.key"
        self._environment = {**self._variables(str(backend_socket)), **(environment or {})}
        self._process: subprocess.Popen[bytes] | None = None
        self._readers: list[Thread] = []
        self._groups: list[int] = []
        self._operators_socket = Path(backend_socket).with_name("operators.sock")
        self.make_certificate()
        if policy is not None:
            self.keep_policy(policy)

    @property
    def pid(self) -> int:
        """The process that a supervisor would know: nginx's master."""
        assert self._process is not None, "the edge is not running"
        return self._process.pid

    def start(self) -> None:
        """Starts it (again, or over a running one) and returns when all three listeners accept connections.

        With a backend that answers it also has its policy then.
        """
        before = self._process
        # A group of its own, as under supervisor; Ctrl-C in pytest must not stop the edge before the tests clean up.
        self._process = subprocess.Popen(
            [self._find_root() / "script" / "edge", self.prefix],
            env={**os.environ, **self._environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._groups.append(self._process.pid)
        self._readers.append(Thread(target=self._collect, args=(self._process,), daemon=True))
        self._readers[-1].start()
        wait_until(self._is_up)
        if before is not None:
            before.wait(timeout=END_WITHIN_S)
        wait_until(lambda: self._has_a_policy() or not self._backend_has_a_policy())

    def stop(self) -> None:
        """A graceful stop, as a supervisor does it; asserts that nothing alarming was said since the first start."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(timeout=END_WITHIN_S)
            self._finish_reading()
            self._process = None
        self.assert_calm()

    def worker_pids(self) -> set[int]:
        """The workers, also those that are on their way out; the scrubber is a child of the master too, and is none."""
        return _workers_of(self.pid)

    def reload(self) -> None:
        """Has it read its configuration and certificates again; returns when the old workers have gone."""
        renew_workers(self.pid)

    def kill(self) -> None:
        """`kill -9` of the master. Its workers live on and keep the ports, until `start` or `remove`."""
        assert self._process is not None, "the edge is not running"
        self._process.kill()
        self._process.wait(timeout=END_WITHIN_S)
        self._process = None

    def remove(self) -> None:
        """Ends whatever is left of it, by the groups that it was started in, and removes its folder."""
        for group in self._groups:
            try:
                os.killpg(group, signal.SIGKILL)
            except ProcessLookupError:
                continue
        if self._process is not None:
            self._process.wait(timeout=END_WITHIN_S)
        self._finish_reading()
        shutil.rmtree(self.prefix)

    def make_certificate(self) -> None:
        """A new self-signed ECDSA certificate, which a running edge takes up when it is told to reload."""
        subprocess.run(
            [*SELF_SIGNED, "-keyout", self._key_file, "-out", self.ca_file],
            check=True,
            capture_output=True,
        )

    def replace_certificate(self, text: str) -> None:
        """Puts another key and certificate in the place of its own, for the next reload."""
        self.ca_file.write_text(text)
        self._key_file.write_text(text)

    def keep_policy(self, policy: dict[str, Any], age_s: int = 0) -> None:
        """Puts a snapshot where the edge keeps its last good one, as if it had been fetched so long ago."""
        folder = self.prefix / "policy"
        folder.mkdir(exist_ok=True)
        (folder / "snapshot").write_text(f"{int(time.time()) - age_s}\n{json.dumps(policy)}")

    def metrics(self) -> dict[str, float]:
        """The edge's own series by name and labels, as in `name{label="value"}`."""
        lines = self.ask_ops("/metrics").text.splitlines()
        return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if not line.startswith("#")}

    def policy_age_s(self) -> float:
        """How long ago the policy in force was the backend's; infinite without one."""
        return self.metrics()["postledger_edge_policy_age_seconds"]

    def knows_source(self, slug: str) -> bool:
        """True when the policy in force has that source: its series are there from the start."""
        return f'postledger_edge_refusals_total{{source="{slug}",reason="unavailable"}}' in self.metrics()

    def wait_for_source(self, slug: str) -> None:
        """Wait until the policy in force has that source, which the backend must know before."""
        wait_until(lambda: self.knows_source(slug), what=f"{slug} at the edge")

    def access_log(self, *, client: str = "") -> list[dict[str, Any]]:
        """The lines that are written so far, of all clients or of this address, each as the object that it must be.

        A line is made after the answer, and each worker of nginx holds its lines back for a tenth of a second, or
        longer where it does not come to run. So wait for the line that you look for, as `log_line` does. The line of a
        request that was told no receipt is known by its client, never by its time: lines of earlier ones may be newer.
        """
        log = self.prefix / "logs" / "access.log"
        text = log.read_text() if log.exists() else ""
        lines = [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]
        return [line for line in lines if client in ("", line["client_address"])]

    def log_line(self, receipt: str | None) -> dict[str, Any]:
        """The one line about the request with this receipt, waited for."""
        assert receipt, "every answer has a receipt"
        found: list[dict[str, Any]] = []

        def is_written() -> bool:
            found[:] = [line for line in self.access_log() if line["receipt"] == receipt]
            return found != []

        wait_until(is_written, what=f"the line of {receipt}")
        (line,) = found
        return line

    def error_output(self) -> str:
        """All that nginx and its scrubber have said on stdout and stderr since the first start.

        It comes through a pipe: in order, and later than what it tells of.
        """
        output = self._output_file
        return output.read_text(errors="surrogateescape") if output.exists() else ""

    def errors_about(self, client: str) -> list[str]:
        """The records of the error output so far that are about this address, and those that name none.

        Where nginx quotes the sender before it says who he is, the scrubber has cut that off too.
        """
        lines = self.error_output().splitlines()
        return [line for line in lines if f", client: {client}," in line or ", client: " not in line]

    def assert_calm(self) -> None:
        """Fails on anything in the error output that an operator would have to be woken for."""
        alarming = [line for line in self.error_output().splitlines() if ALARMING.search(line)]
        unexpected = [line for line in alarming if not any(re.search(known, line) for known in self.expected_alarms)]
        assert not unexpected, "\n".join(unexpected)

    def tls_context(self) -> ssl.SSLContext:
        """A client's settings: trusts this edge's certificate and nothing else."""
        return ssl.create_default_context(cafile=self.ca_file)

    def client(self, *, http2: bool = False, address: str = "127.0.0.1") -> httpx.Client:
        """Speaks to the public listener, from that address of this machine, and is patient with a busy one."""
        transport = httpx.HTTPTransport(verify=self.tls_context(), http2=http2, local_address=address)
        return httpx.Client(base_url=self.https_url, transport=transport, timeout=ANSWER_WITHIN_S)

    def ask_ops(self, path: str, method: str = "GET") -> httpx.Response:
        """What the listener for operators answers."""
        return httpx.request(method, self.ops_url + path, timeout=ANSWER_WITHIN_S, verify=WITHOUT_TLS)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.stop()
        finally:
            self.remove()

    @property
    def _output_file(self) -> Path:
        return self.prefix / "output.txt"

    def _variables(self, backend_socket: str) -> dict[str, str]:
        return {
            "POSTLEDGER_BACKEND_SOCKET": backend_socket,
            "POSTLEDGER_LISTEN_ADDRESS": "127.0.0.1",
            "POSTLEDGER_EDGE_PORT": str(self.https_port),
            "POSTLEDGER_EDGE_HTTP_PORT": str(self.http_port),
            "POSTLEDGER_OPS_PORT": str(self.ops_port),
            "POSTLEDGER_CONSOLE_PORT": str(self.console_port),
            "POSTLEDGER_TLS_CERTIFICATE": str(self.ca_file),
            "POSTLEDGER_TLS_KEY": str(self._key_file),
        }

    def _find_root(self) -> Path:
        self._root = self._root or copy_patient(self.prefix / "patient")
        return self._root

    def _has_a_policy(self) -> bool:
        answer = self.ask_ops("/metrics")
        return answer.status_code != 200 or "postledger_edge_policy_age_seconds +Inf" not in answer.text

    def _backend_has_a_policy(self) -> bool:
        with socket.socket(socket.AF_UNIX) as asking:
            asking.settimeout(ANSWER_WITHIN_S)  # one that is slow has a policy all the same
            try:
                asking.connect(str(self._operators_socket))
                asking.sendall(b"GET /internal/policy HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                return asking.recv(12) == b"HTTP/1.1 200"
            except OSError:
                return False

    def _collect(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        with process.stdout as stream, self._output_file.open("ab", buffering=0) as output:
            for line in stream:
                output.write(line)

    def _finish_reading(self) -> None:
        """The pipe ends when the last worker and the scrubber have ended: only then has everything been said."""
        for reader in self._readers:
            reader.join(timeout=END_WITHIN_S)
            assert not reader.is_alive(), "a process of the edge lives on after its end"
        self._readers.clear()

    def _is_up(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            self._finish_reading()
            raise RuntimeError(f"the edge did not start:\n{self.error_output()[-2000:]}")
        return self._wrote_its_pid() and all(map(_accepts, (self.https_port, self.http_port, self.ops_port)))

    def _wrote_its_pid(self) -> bool:
        """That a port answers is not enough: workers of a killed master answer as well."""
        pid_file = self.prefix / "nginx.pid"
        return pid_file.exists() and pid_file.read_text() == f"{self.pid}\n"


def _accepts(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=ANSWER_WITHIN_S):
            return True
    except OSError:
        return False

"""One run under watch: sends canaries through the real parts, keeps each answer, and looks where it left something.

Apart from the test, which says which paths are gone down, because this says how one sends, hangs up, and looks.
"""

import base64
import re
import socket
import ssl
import struct
import time
from contextlib import suppress
from pathlib import Path

import httpx

from tests.acceptance.evidence import SignatureInput
from tests.acceptance.hostile_wire import Loud
from tests.edge.wire import read_all, tls_connection
from tests.parts.backend import Backend
from tests.parts.databases import fetch
from tests.parts.edge import Edge
from tests.parts.part import ANSWER_WITHIN_S
from tests.parts.postgres import Postgres
from tests.parts.sender import Postback, read_answer

OPS_PATHS = ("/metrics/backend", "/metrics", "/status", "/healthz", "/")
_REASON = re.compile(rb'"reason":"(\w+)"')
_SIGNATURE = re.compile(r"sig=([0-9a-f]{64})")


class CanaryRun:
    """The parts, what is sent to them, and what they leave behind. `impatient` is an edge with the shipped timeouts."""

    def __init__(
        self, postgres: Postgres, ledger: str, backend: Backend, edge: Edge, loud: Loud, *, impatient: Edge
    ) -> None:
        self.postgres, self.ledger, self.backend, self.edge, self.loud = postgres, ledger, backend, edge, loud
        self.impatient = impatient
        self.evidence = SignatureInput()
        self.outcomes: set[str] = set()
        self.pages: list[bytes] = []
        self._started_s = time.time() - 1

    def send(self, postback: Postback, *, http2: bool = False) -> str:
        """Send a postback with all the chatter, keep the answer, and give its reason, or its verdict, or its code."""
        self._watch_signature(postback)
        headers = {**self.loud.chatter, **postback.headers}
        if http2:
            del headers["Upgrade"]  # there is no such thing in HTTP/2
        with httpx.Client(verify=self.edge.tls_context(), http2=http2, timeout=ANSWER_WITHIN_S) as client:
            url = self.edge.https_url + postback.target
            answer = client.request(postback.method, url, content=postback.body or None, headers=headers)
        self.evidence.add(f"answer to {postback.method}", f"{answer.headers}\n{answer.text}")
        said = read_answer(answer.status_code, answer.content)
        outcome = said.reason or said.status or str(said.code)
        self.outcomes.add(outcome)
        return outcome

    def ask_verdict(self, unique: str) -> str:
        """The verdict that the ledger has written down for the one believed postback with an id."""
        statement = """
            SELECT string_agg(verdict, ',') FROM postbacks
            WHERE secret_id IS NOT NULL AND (transaction_id = %s OR click_id = %s)
            """
        ((verdict,),) = fetch(self.ledger, statement, (unique, unique))
        return str(verdict)

    def exchange(self, request: bytes) -> bytes:
        """Send bytes over TLS, and keep whatever comes back until the edge closes the connection."""
        with tls_connection(self.edge) as connection:
            return self._exchange(connection, request)

    def exchange_slowly(self, unfinished: bytes) -> bytes:
        """The same with an unfinished request, until the edge with the shipped timeouts loses patience."""
        with tls_connection(self.impatient) as connection:
            return self._exchange(connection, unfinished)

    def exchange_plainly(self, port: int, request: bytes) -> bytes:
        """The same without TLS, to either of the public ports."""
        with socket.create_connection(("127.0.0.1", port), timeout=ANSWER_WITHIN_S) as connection:
            return self._exchange(connection, request)

    def exchange_past_the_edge(self, request: bytes) -> None:
        """The same with the backend alone. Nobody outside gets its answers, so only its log counts."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(ANSWER_WITHIN_S)
            connection.connect(str(self.backend.socket))
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            read_all(connection)

    def shake_hands(self, server_name: str) -> None:
        """Begin TLS with a name that is not ours, which the edge must end."""
        context = self.edge.tls_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with socket.create_connection(("127.0.0.1", self.edge.https_port), timeout=ANSWER_WITHIN_S) as plain:
            try:
                context.wrap_socket(plain, server_hostname=server_name).close()
            except ssl.SSLError as error:
                self.evidence.add("end of a handshake", str(error))
            else:
                raise AssertionError("hands were shaken with a stranger")

    def hang_up(self, request: bytes) -> None:
        """Send bytes and slam the door, so that the edge meets a reset."""
        with tls_connection(self.edge) as connection:
            connection.sendall(request)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def request_bytes(self, postback: Postback) -> bytes:
        """A postback with all the chatter, as bytes."""
        self._watch_signature(postback)
        length = {"Content-Length": str(len(postback.body))} if postback.body else {}
        headers = {"Host": "localhost", "Connection": "close", **self.loud.chatter, **postback.headers, **length}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"{postback.method} {postback.target} HTTP/1.1\r\n{lines}\r\n".encode() + postback.body

    def requests_in_flight(self) -> int:
        """How many requests the edge is answering at this moment, apart from this very question."""
        answer = httpx.get(self.edge.ops_url + "/status", timeout=ANSWER_WITHIN_S).json()
        return int(answer["edge"]["writing"]) - 1

    def look_at_files(self) -> None:
        """Gather all files of the parts, those of the system's, and Postgres' log."""
        self.evidence.add_tree(self.edge.prefix)
        self.evidence.add_tree(self.impatient.prefix)
        self.evidence.add_tree(self.backend.home)
        self.evidence.add("Postgres' log", self.postgres.log_text())
        self.evidence.add_system(self._started_s)

    def look_at_processes(self) -> None:
        """Gather how processes are called, what they hold open, and what they tell operators."""
        self.evidence.add_processes()
        edges = [pid for edge in (self.edge, self.impatient) for pid in _processes_in(edge.prefix)]
        self.evidence.add_deleted_files([*self.backend.worker_pids(), *edges])
        for path in OPS_PATHS:
            answer = httpx.get(self.edge.ops_url + path, headers=self.loud.chatter, timeout=ANSWER_WITHIN_S)
            self.evidence.add(f"ops {path}", f"{answer.headers}\n{answer.text}")

    def _exchange(self, connection: socket.socket, request: bytes) -> bytes:
        with suppress(
            ConnectionError, ssl.SSLError
        ):  # refused before its end was sent; the answer is there all the same
            connection.sendall(request)
        answer = read_all(connection)
        self.evidence.add(f"answer to {request[:20]!r}", answer)
        self.outcomes.update(reason.decode() for reason in _REASON.findall(answer))
        if b"<html" in answer.lower() and b'content="noindex"' not in answer:  # that is our page for visitors
            self.pages.append(answer)
        return answer

    def _watch_signature(self, postback: Postback) -> None:
        canaries = self.loud.canaries
        for signature in _SIGNATURE.findall(postback.target):
            canaries.watch("signature", signature)
        if given := postback.headers.get("webhook-signature"):
            canaries.watch("webhook signature", given.removeprefix("v1,"))
            canaries.watch("webhook signature as hex", base64.b64decode(given.removeprefix("v1,")).hex())


def _processes_in(folder: Path) -> list[int]:
    return [int(link.parent.name) for link in Path("/proc").glob("[0-9]*/cwd") if link.resolve() == folder.resolve()]

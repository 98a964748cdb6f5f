"""The system that is fuzzed, and what must be true of it before, between and after fuzzed requests."""

import socket
import time
from collections.abc import Sequence
from itertools import count

import httpx

from tests.acceptance.canaries import Canaries
from tests.acceptance.evidence import SignatureInput
from tests.edge.wire import tls_connection
from tests.edge.wire_http2 import ask
from tests.fuzz.cases import Case, Targets
from tests.fuzz.exchange import Response
from tests.parts.backend import Backend
from tests.parts.edge import Edge
from tests.parts.part import ANSWER_WITHIN_S
from tests.parts.sandbox import Sandbox
from tests.parts.sender import Sender, send

OPS_PATHS = ("/metrics/backend", "/metrics", "/status")
HTTP2_BODY_BYTES = 16_000  # one frame


class System:
    """An edge, a backend, a sandbox and an honest sender."""

    def __init__(  # noqa: PLR0917 - its parts
        self,
        backend: Backend,
        edge: Edge,
        sandbox: Sandbox,
        honest: httpx.Client,
        canaries: Canaries,
        secret: str,
        slugs: Sequence[str],
    ) -> None:
        self.backend, self.edge, self._sandbox = backend, edge, sandbox
        self._honest, self.canaries = honest, canaries
        known, paths = tuple(slug.encode() for slug in slugs), (f"/{secret}/postback".encode(),)
        self.targets = Targets(known, paths, secret, canaries.payout.encode(), int(time.time()))
        self._sender, self._numbers = Sender("acme", secret), count()
        self._processes = self._list_processes()

    def connect_to_edge(self) -> socket.socket:
        """A TLS connection to the edge."""
        return tls_connection(self.edge)

    def connect_to_backend(self) -> socket.socket:
        """A connection to the backend's public socket."""
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(ANSWER_WITHIN_S)
        connection.connect(str(self.backend.socket))
        return connection

    def ask_over_http2(self, case: Case) -> Response:
        """Send a case over HTTP/2; give its response as HTTP/1.1 would have it."""
        named = {b":method": case.method, b":scheme": b"https", b":authority": b"localhost", b":path": case.target}
        fields = [*named.items(), *((name.lower(), value) for name, value in case.fields if name != b"Host")]
        heard = ask(
            self.edge,
            [(name.decode("latin-1"), value.decode("latin-1")) for name, value in fields],
            case.body[:HTTP2_BODY_BYTES] or None,
        )
        head = "".join(f"{name}: {value}\r\n" for name, value in heard.headers.items())
        return Response(f"HTTP/1.1 {heard.status} \r\n{head}\r\n".encode() + heard.body if heard.status else b"")

    def assert_works(self) -> None:
        """No process was replaced, and a signed postback of each form is accepted."""
        assert self._list_processes() == self._processes, "a process has died"
        unique = {"click_id": f"honest-{next(self._numbers)}", "payout": "1.25"}
        sent = (self._sender.get(unique), self._sender.json(unique | {"event": "json"}))
        assert [send(self._honest, postback).status for postback in sent] == ["accepted", "accepted"]

    def find_leaks(self) -> list[str]:
        """Where a canary was written: in logs, metrics or files of the edge and the backend."""
        evidence = SignatureInput()
        for path in OPS_PATHS:
            evidence.add(path, self.edge.ask_ops(path).text)
        evidence.add_tree(self.edge.prefix)
        evidence.add_tree(self.backend.home)
        evidence.add_tree(self._sandbox.home)
        evidence.add("the metrics of the sandbox", self._sandbox.status("/metrics").text)
        return evidence.leaks(self.canaries)

    def _list_processes(self) -> tuple[set[int], set[int], set[int]]:
        return set(self.backend.worker_pids()), self.edge.worker_pids(), self._sandbox.worker_pids()

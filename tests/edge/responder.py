"""A responder of OCSP and the DNS server by which it may be found, as an authority runs them: for stapling.

Apart from the authority itself, which signs and is then asked no more.
"""

import socket
import struct
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import Self

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from tests.edge.authority import Authority, Holder
from tests.parts.part import ANSWER_WITHIN_S, END_WITHIN_S, Part
from tests.parts.ports import free_port
from tests.parts.waiting import wait_until

QUESTION_END = 5  # bytes behind the name of a question: the end of the name, its type, its class
TYPE_A = 1


def ask_for_status_at(url: str) -> x509.AuthorityInformationAccess:
    """What a certificate holds that offers its status at this address."""
    offer = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(url))
    return x509.AuthorityInformationAccess([offer])


def may_sign_statuses() -> x509.ExtendedKeyUsage:
    """What the certificate of a responder holds that does not sign with its authority's own key."""
    return x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING])


class Responder(Part):
    """`openssl ocsp` on a free port; every certificate that it is told of is good.

    It signs as `signer`, or as the authority itself.
    """

    def __init__(self, authority: Authority, signer: Holder | None = None) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._home = tempfile.TemporaryDirectory(prefix="postledger-ocsp-", dir="/tmp")
        self._authority, self._signer = authority, signer or authority
        self._good: list[Holder] = []
        self._process: subprocess.Popen[bytes] | None = None

    def tell_of(self, *issued: Holder) -> None:
        """Call these good from now on; for before it is started."""
        self._good.extend(issued)

    def start(self) -> None:
        """Returns when it answers."""
        home = Path(self._home.name)
        index = home / "index"
        index.write_text("".join(map(_index_line, self._good)))
        authority, _ = self._authority.files(home)
        certificate, key = self._signer.files(home)
        papers = ["-index", str(index), "-CA", str(authority), "-rsigner", str(certificate), "-rkey", str(key)]
        command = ["openssl", "ocsp", "-port", str(self.port), *papers, "-nmin", "60", "-ignore_err"]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(self._answers, what="the responder")

    def remove(self) -> None:
        """Ends it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(timeout=END_WITHIN_S)
        self._home.cleanup()

    def _answers(self) -> bool:
        """By a whole request, which is none: OpenSSL waits for ever for one that never comes."""
        with socket.socket() as probe:
            probe.settimeout(ANSWER_WITHIN_S)
            if probe.connect_ex(("127.0.0.1", self.port)) != 0:
                return False
            probe.sendall(b"GET / HTTP/1.0\r\n\r\n")
            return probe.recv(4) == b"HTTP"


@contextmanager
def silent_listener(kind: socket.SocketKind) -> Iterator[str]:
    """The address of a server that takes what comes and never answers."""
    with socket.socket(socket.AF_INET, kind) as listener:
        listener.bind(("127.0.0.1", free_port()))
        if kind is socket.SOCK_STREAM:
            listener.listen()
        yield "{}:{}".format(*listener.getsockname())


class NameServer:
    """A DNS server on a free port of 127.0.0.1, for which every name is at 127.0.0.1; `asked` has the names."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", free_port()))
        self.address = "{}:{}".format(*self._socket.getsockname())
        self.asked: set[str] = set()

    def __enter__(self) -> Self:
        Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def _serve(self) -> None:
        with suppress(OSError):  # closed, also while it answers
            while True:
                query, who = self._socket.recvfrom(512)
                self._socket.sendto(self._answer(query), who)

    def _answer(self, query: bytes) -> bytes:
        """RFC 1035: the question comes back, with an address behind it where one was asked for."""
        end = query.index(b"\0", 12) + QUESTION_END
        question = query[12:end]
        self.asked.add(".".join(_labels(question)))
        is_for_address = struct.unpack("!H", question[-4:-2])[0] == TYPE_A
        record = struct.pack("!HHHIH4s", 0xC00C, TYPE_A, 1, 60, 4, socket.inet_aton("127.0.0.1"))
        head = query[:2] + struct.pack("!HHHHH", 0x8180, 1, is_for_address, 0, 0)
        return head + question + (record if is_for_address else b"")


def _labels(question: bytes) -> Iterable[str]:
    at = 0
    while length := question[at]:
        yield question[at + 1 : at + 1 + length].decode()
        at += 1 + length


def _index_line(issued: Holder) -> str:
    """As `openssl ca` keeps it: valid, until when, not revoked, serial number, no file, subject (each once)."""
    return f"V\t{issued.ends:%y%m%d%H%M%SZ}\t\t{issued.serial}\tunknown\t/CN={issued.serial}\n"

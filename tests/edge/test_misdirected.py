"""A foreign name that nginx itself would answer with 421, as newer versions in OpenResty do.

With a server that verifies client certificates, Debian's nginx answers 421 too, so it replaces OpenResty here.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.edge.echo_backend import EchoBackend
from tests.edge.wire import exchange, get, own_address
from tests.edge.wire_http2 import ask
from tests.parts.edge import ROOT, Edge, wait_until

PATH = "/tracking/postback/acme"
STRANGERS = "        server_name ~.;"


@pytest.fixture(scope="module")
def misdirecting(backend: EchoBackend, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    """The edge in a copy of the project in which nginx answers a foreign name with 421."""
    root = tmp_path_factory.mktemp("project")
    for folder in ("edge", "script", "monitoring/runbooks"):
        shutil.copytree(ROOT / folder, root / folder)
    _misdirect(root / "edge" / "nginx.conf")
    with Edge(backend_socket=backend.socket, root=root) as edge:
        yield edge


def _misdirect(configuration: Path) -> None:
    text = configuration.read_text()
    assert STRANGERS in text
    configuration.write_text(text.replace(STRANGERS, STRANGERS + "\nssl_verify_client optional_no_ca;"))


def test_over_http2_a_foreign_authority_gets_no_response(misdirecting: Edge) -> None:
    heard = ask(
        misdirecting, [(":method", "GET"), (":scheme", "https"), (":authority", "evil.example"), (":path", PATH)]
    )

    assert (heard.end, heard.status, heard.body) == ("reset", 0, b"")


def test_a_foreign_host_gets_no_response(misdirecting: Edge) -> None:
    client = own_address()

    assert exchange(misdirecting, get(PATH).replace(b"Host: localhost", b"Host: evil.example"), client) == b""

    wait_until(lambda: misdirecting.access_log(client=client) != [])
    (line,) = misdirecting.access_log(client=client)
    assert (line["route"], line["status"]) == ("other", 444)


def test_our_own_names_are_answered(misdirecting: Edge) -> None:
    headers = [(":method", "GET"), (":scheme", "https"), (":authority", "localhost"), (":path", PATH)]

    assert ask(misdirecting, headers).status == 200

"""The client for the local edge connects to another address than that of the name. The edge is real."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from postledger.platform.server.edge_client import Target, find_target, make_trust, open_client
from postledger.platform.settings import read_environment
from tests.edge.authority import Authority
from tests.parts.edge import Edge
from tests.parts.waiting import HANGS_AFTER_S

NAME = "track.example"


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """What `make up` writes about an edge whose name is not in the DNS, and which expects PROXY headers."""
    certificate, key = Authority("CN=authority").issue_for(NAME).files(tmp_path_factory.mktemp("tls"))
    settings = {
        "POSTLEDGER_TLS_CERTIFICATE": str(certificate),
        "POSTLEDGER_TLS_KEY": str(key),
        "POSTLEDGER_SERVER_NAMES": NAME,
        "POSTLEDGER_PROXY_PROTOCOL": "on",
        "POSTLEDGER_TRUSTED_PROXIES": "192.0.2.1",
    }
    with Edge(backend_socket="/tmp/no-such-socket", environment=settings) as edge:
        yield settings | {
            "POSTLEDGER_EDGE_URL": f"https://{NAME}:{edge.https_port}",
            "POSTLEDGER_EDGE_HTTP_URL": edge.http_url,
            "POSTLEDGER_EDGE_ADDRESS": "127.0.0.1",
            "POSTLEDGER_CA_FILE": str(certificate),
        }


def ask(environment: dict[str, str], variable: str, target: Target | None = None) -> int:
    base = environment[variable]
    trust = make_trust(environment["POSTLEDGER_CA_FILE"])
    with open_client(trust, target or find_target(environment, base), timeout_s=HANGS_AFTER_S) as client:
        return client.get(base + "/tracking/postback/acme").status_code


def test_the_local_edge_is_reached_by_its_address(environment: dict[str, str]) -> None:
    assert ask(environment, "POSTLEDGER_EDGE_URL") == 503  # the edge has no policy, but it answers
    assert ask(environment, "POSTLEDGER_EDGE_HTTP_URL") == 403


@pytest.mark.parametrize(
    "target", [Target("127.0.0.1", needs_proxy_header=False), Target(None, needs_proxy_header=True)]
)
def test_the_address_and_the_proxy_header_are_both_needed(environment: dict[str, str], target: Target) -> None:
    with pytest.raises(httpx.TransportError):
        ask(environment, "POSTLEDGER_EDGE_URL", target)


def test_another_edge_is_reached_by_its_own_name(environment: dict[str, str]) -> None:
    assert find_target(environment, "https://elsewhere.example") == Target()
    assert find_target({**environment, "POSTLEDGER_EDGE_ADDRESS": ""}, environment["POSTLEDGER_EDGE_URL"]) == Target()


def test_another_edge_url_ignores_the_address_of_make_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "var").mkdir()
    made = "POSTLEDGER_EDGE_URL=https://a\nPOSTLEDGER_EDGE_ADDRESS=::1\nPOSTLEDGER_PROXY_PROTOCOL=on\n"
    (tmp_path / "var" / "runtime.env").write_text(made)
    monkeypatch.chdir(tmp_path)
    for name in ("POSTLEDGER_EDGE_URL", "POSTLEDGER_EDGE_ADDRESS", "POSTLEDGER_PROXY_PROTOCOL"):
        monkeypatch.delenv(name, raising=False)
    assert find_target(read_environment(), "https://a/x") == Target("::1", needs_proxy_header=True)

    monkeypatch.setenv("POSTLEDGER_EDGE_URL", "https://b")

    assert find_target(read_environment(), "https://b/x") == Target()

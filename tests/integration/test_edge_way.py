"""How the command line reaches an edge by another address than its name's, on a real edge without a backend."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from postledger.doctor.edge_client import Way, find_way, make_trust, open_client
from postledger.platform.settings import read_environment
from tests.edge.authority import Authority
from tests.parts.edge import Edge

NAME = "track.example"


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    """What `make up` tells of an edge that answers to a name that no DNS knows, to those who send PROXY headers."""
    certificate, key = Authority("CN=authority").issue_for(NAME).files(tmp_path)
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


def ask(environment: dict[str, str], variable: str, way: Way | None = None) -> int:
    base = environment[variable]
    trust = make_trust(environment["POSTLEDGER_CA_FILE"])
    with open_client(trust, way or find_way(environment, base), timeout_s=30) as client:
        return client.get(base + "/tracking/postback/acme").status_code


def test_our_own_edge_is_reached_by_its_address_under_its_name_and_behind_a_header(environment: dict[str, str]) -> None:
    assert ask(environment, "POSTLEDGER_EDGE_URL") == 503  # without a policy; but it is the edge that says so
    assert ask(environment, "POSTLEDGER_EDGE_HTTP_URL") == 403


@pytest.mark.parametrize("way", [Way("127.0.0.1", is_introduced=False), Way(None, is_introduced=True)])
def test_it_needs_both(environment: dict[str, str], way: Way) -> None:
    with pytest.raises(httpx.TransportError):
        ask(environment, "POSTLEDGER_EDGE_URL", way)


def test_another_edge_is_reached_as_everybody_reaches_it(environment: dict[str, str]) -> None:
    assert find_way(environment, "https://elsewhere.example") == Way()
    assert find_way({**environment, "POSTLEDGER_EDGE_ADDRESS": ""}, environment["POSTLEDGER_EDGE_URL"]) == Way()


def test_who_names_another_edge_is_not_led_the_way_to_the_one_of_make_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "var").mkdir()
    made = "POSTLEDGER_EDGE_URL=https://a\nPOSTLEDGER_EDGE_ADDRESS=::1\nPOSTLEDGER_PROXY_PROTOCOL=on\n"
    (tmp_path / "var" / "runtime.env").write_text(made)
    monkeypatch.chdir(tmp_path)
    for name in ("POSTLEDGER_EDGE_URL", "POSTLEDGER_EDGE_ADDRESS", "POSTLEDGER_PROXY_PROTOCOL"):
        monkeypatch.delenv(name, raising=False)
    assert find_way(read_environment(), "https://a/x") == Way("::1", is_introduced=True)

    monkeypatch.setenv("POSTLEDGER_EDGE_URL", "https://b")

    assert find_way(read_environment(), "https://b/x") == Way()

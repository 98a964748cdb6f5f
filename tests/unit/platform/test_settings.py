"""Settings that are read from the environment: sockets, and the fallback of clicks."""

import pytest

from postledger.platform.settings import BadSetting, Sockets, read_click_fallback, read_sockets

PUBLIC = {"POSTLEDGER_BACKEND_SOCKET": "/run/postledger/backend.sock"}


def test_the_operators_socket_is_beside_the_public_one_by_default() -> None:
    assert read_sockets(PUBLIC) == Sockets("/run/postledger/backend.sock", "/run/postledger/operators.sock")


def test_the_operators_socket_can_be_set() -> None:
    sockets = read_sockets({**PUBLIC, "POSTLEDGER_OPERATORS_SOCKET": "/run/others.sock"})

    assert sockets == Sockets("/run/postledger/backend.sock", "/run/others.sock")


@pytest.mark.parametrize(
    ("environment", "name"),
    [
        ({}, "POSTLEDGER_BACKEND_SOCKET"),
        ({**PUBLIC, "POSTLEDGER_OPERATORS_SOCKET": PUBLIC["POSTLEDGER_BACKEND_SOCKET"]}, "POSTLEDGER_OPERATORS_SOCKET"),
    ],
)
def test_sockets_that_cannot_be_used_are_refused_by_name(environment: dict[str, str], name: str) -> None:
    with pytest.raises(BadSetting, match=name):
        read_sockets(environment)


@pytest.mark.parametrize("url", ["https://shop.example/", "http://shop.example/all?a=1#b", ""])
def test_a_fallback_of_clicks_is_an_address(url: str) -> None:
    assert read_click_fallback({"POSTLEDGER_CLICK_FALLBACK_URL": url}) == (url or None)


@pytest.mark.parametrize(
    "url", ["shop.example", "javascript:alert(1)", "https://shop.example/\r\nSet-Cookie: a", "off"]
)
def test_any_other_fallback_of_clicks_stops_the_start(url: str) -> None:
    with pytest.raises(BadSetting, match="POSTLEDGER_CLICK_FALLBACK_URL must be an address"):
        read_click_fallback({"POSTLEDGER_CLICK_FALLBACK_URL": url})

"""The routes of the sandbox's application, by its mode, and the settings that it reads."""

from pathlib import Path

import falcon
import pytest
from falcon.testing import TestClient

from postledger.http.sandbox.app import create_sandbox_app
from postledger.http.sandbox.observer import SandboxObserver
from postledger.partners.judged import find_production_path
from postledger.platform.settings import BadSetting, check_given, read_sandbox_mode, read_sandbox_socket


class Receipts:
    """Stands for the look-up of receipts."""

    def on_get(self, _: falcon.Request, response: falcon.Response, receipt: str) -> None:
        response.data = receipt.encode()


def test_without_a_sandbox_receipts_are_answered_and_all_else_is_not_found() -> None:
    observer = SandboxObserver(lambda *_: None, lambda: ())
    client = TestClient(create_sandbox_app(None, {"/receipts/{receipt}": Receipts()}, observer))

    assert client.simulate_get("/receipts/x").text == "x"
    for path in ("/sandbox/postback/acme", "/sandbox/click.php", "/tracking/postback/acme", "/"):
        answer = client.simulate_get(path)
        assert (answer.status_code, answer.json["reason"]) == (404, "not_found")


@pytest.mark.parametrize("mode", ["on", "off", "partners"])
def test_a_mode_is_read(mode: str) -> None:
    assert read_sandbox_mode({"POSTLEDGER_SANDBOX": mode}) == mode


def test_partners_is_the_default_mode() -> None:
    assert read_sandbox_mode({}) == read_sandbox_mode({"POSTLEDGER_SANDBOX": ""}) == "partners"


def test_another_mode_stops_the_start() -> None:
    with pytest.raises(BadSetting, match="POSTLEDGER_SANDBOX must be on, off or partners"):
        check_given({"POSTLEDGER_SANDBOX": "everyone"})


def test_the_socket_is_beside_that_of_the_backend() -> None:
    beside = {"POSTLEDGER_BACKEND_SOCKET": "/run/postledger/backend.sock"}

    assert Path(read_sandbox_socket(beside)) == Path("/run/postledger/sandbox.sock")
    assert read_sandbox_socket({**beside, "POSTLEDGER_SANDBOX_SOCKET": "/run/s"}) == "/run/s"


@pytest.mark.parametrize(
    ("path", "is_own_path", "production"),
    [
        (b"/sandbox/postback/acme", False, b"/tracking/postback/acme"),
        (b"/sandbox/click.php", True, b"/click.php"),
        (b"/sandbox/k3y/postback", True, b"/k3y/postback"),
        (b"/%73andbox/postback/acme", False, b"/%73andbox/postback/acme"),
    ],
)
def test_a_path_of_the_sandbox_stands_for_one_of_production(path: bytes, is_own_path: bool, production: bytes) -> None:
    assert find_production_path(path, is_own_path=is_own_path) == production

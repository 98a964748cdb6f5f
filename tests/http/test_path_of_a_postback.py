"""A reader can follow a postback: it passes few files from the socket to the commit, and the docs name them."""

import json
import re
from pathlib import Path
from uuid import uuid4

import pytest

from tests.parts.backend import Backend
from tests.parts.documents import read_document
from tests.parts.sender import Sender
from tests.parts.sources import add_campaign, add_click, add_source

FILES = 25
POSTBACKS = 20


@pytest.fixture
def path(database: str, environment: dict[str, str], master_key: str, tmp_path: Path) -> list[str]:
    """The files that a signed GET with a known click passes, in their order."""
    add_source(database, master_key, "acme", settings={"currency": "USD"})
    add_click(database, "known-click", add_campaign(database, "spring", "https://shop.example/"), "456")
    file = tmp_path / "paths"
    with (
        Backend({**environment, "PATHS_FILE": str(file)}, workers=1, app="tests.http.path_tracer:create()") as backend,
        backend.client() as client,
    ):
        backend.wait_for_source("acme")
        for _ in range(POSTBACKS):
            postback = Sender("acme").get({"click_id": "known-click", "transaction_id": uuid4().hex, "payout": "1.50"})
            answer = client.get(postback.target, headers={"X-Request-Id": str(_receipt())})
            assert answer.json()["status"] == "accepted"
    paths = [json.loads(line) for line in file.read_text().splitlines()]
    return min((path for path in paths if "ledger/writer.py" in path), key=len)


def _receipt() -> str:
    digits = uuid4().hex
    return f"01990000-{digits[:4]}-7{digits[4:7]}-8{digits[7:10]}-{digits[:12]}"


def test_a_postback_passes_at_most_25_files(path: list[str]) -> None:
    assert len(path) <= FILES, path


def test_the_documentation_draws_the_path(path: list[str]) -> None:
    section = read_document("docs/architecture.md").split("from the socket to the commit**")[1].split("```")[1]

    assert set(re.findall(r"[a-z_]+(?:/[a-z_]+)+\.py", section)) == set(path)

"""A flood of forgeries: some of its refusals are recorded, all others are counted."""

import re
import socket
from collections.abc import Iterator

import pytest

from tests.parts.backend import Backend
from tests.parts.databases import fetch
from tests.parts.part import ANSWER_WITHIN_S
from tests.parts.sources import add_source
from tests.parts.waiting import wait_until

TOGETHER = 400
UNRECORDED = re.compile(r'postledger_refusals_unrecorded_total{source="acme"} (.+)')


@pytest.fixture
def backend(environment: dict[str, str], database: str, master_key: str) -> Iterator[Backend]:
    """A backend with the shipped rate of audit rows for unauthenticated refusals."""
    add_source(database, master_key, "acme", settings={"click": "optional", "currency": "USD"})
    with Backend(environment, shipped_limits=True) as backend:
        yield backend


def test_a_flood_of_forgeries_is_sampled_and_the_rest_is_counted(backend: Backend, database: str) -> None:
    answered: list[str] = []

    def flood() -> bool:
        answered.extend(forge(backend))
        return count_recorded(database, answered) < len(answered)

    wait_until(flood, what="a flood in which not everything is recorded")

    backend.wait_until_counted()
    unrecorded = sum(float(found) for found in UNRECORDED.findall(backend.metrics_text()))
    assert count_recorded(database, answered) + unrecorded == len(answered)


def forge(backend: Backend) -> list[str]:
    """Send many unsigned postbacks at once, over one connection, and give the receipts of their refusals."""
    request = "GET /tracking/postback/acme?click_id=A HTTP/1.1\r\nHost: x\r\n"
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(ANSWER_WITHIN_S)
        client.connect(str(backend.socket))
        client.sendall(f"{request}\r\n".encode() * (TOGETHER - 1) + f"{request}Connection: close\r\n\r\n".encode())
        answers = b"".join(iter(lambda: client.recv(65536), b"")).decode()
    receipts = re.findall('"id":"([^"]+)","reason":"missing_signature"', answers)
    assert len(receipts) == TOGETHER
    return receipts


def count_recorded(database: str, receipts: list[str]) -> int:
    ((count,),) = fetch(database, "SELECT count(*) FROM postbacks WHERE id = ANY(%s)", (receipts,))
    return int(count)

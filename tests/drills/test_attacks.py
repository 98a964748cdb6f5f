"""What honest senders notice of an attack that runs at full speed from other addresses."""

import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import httpx
import pytest

from tests.drills.promises import Promises
from tests.parts.backend import Backend
from tests.parts.databases import fetch
from tests.parts.edge import Edge
from tests.parts.part import END_WITHIN_S
from tests.parts.sender import Sender, send
from tests.parts.sources import add_campaign, add_source

ROOT = Path(__file__).parents[2]
ATTACKS = {"unsigned bodies": "9.1", "clicks": "9.2"}
SENDERS, EACH, EVERY_S = 4, 250, 0.05

_log = logging.getLogger(__name__)


@pytest.fixture
def guarded(ledger: str, master_key: str, backend: Backend) -> Iterator[Edge]:
    """An edge with all limits as shipped, and what is attacked: a source and a campaign with the default rates."""
    add_source(ledger, master_key, "attacked", settings={"click": "optional"})
    add_campaign(ledger, "spring")
    backend.wait_for_source("attacked")
    with Edge(backend_socket=backend.socket, shipped_timeouts=True) as edge:
        edge.wait_for_source("attacked")
        yield edge


@contextmanager
def attacks(edge: Edge) -> Iterator[dict[str, subprocess.Popen[str]]]:
    """All attacks at once, each in a process of its own; in the end each reports what it was answered."""
    running = {
        kind: subprocess.Popen(
            [sys.executable, "-m", "tests.drills.attacker", str(edge.https_port), str(edge.ca_file), kind, network],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for kind, network in ATTACKS.items()
    }
    try:
        yield running
    finally:
        for attack in running.values():
            attack.kill()
            attack.wait(timeout=END_WITHIN_S)


def stop(running: dict[str, subprocess.Popen[str]]) -> dict[str, dict[str, int]]:
    """How many responses each attack got, by status."""
    return {kind: json.loads(attack.communicate(timeout=END_WITHIN_S)[0]) for kind, attack in running.items()}


def send_honestly(edge: Edge, name: str) -> tuple[float, list[str]]:
    """Signed postbacks at an even pace from several senders; the 99th percentile of the durations, and the ids."""
    started_s, pause = time.monotonic(), Event()

    def run(sender: int) -> list[tuple[float, str]]:
        seen = []
        with edge.client() as client:
            for number in range(EACH):
                due_s = started_s + number * EVERY_S + sender * EVERY_S / SENDERS
                pause.wait(max(0.0, due_s - time.monotonic()))
                seen.append(time_one(client, f"{name}-{sender}-{number}"))
        return seen

    with ThreadPoolExecutor(SENDERS) as pool:
        seen = [one for of_sender in pool.map(run, range(SENDERS)) for one in of_sender]
    durations_s = sorted(duration_s for duration_s, _ in seen)
    return durations_s[len(durations_s) * 99 // 100], [unique for _, unique in seen]


def time_one(client: httpx.Client, unique: str) -> tuple[float, str]:
    """Send one postback, which must be accepted, and measure its response."""
    postback = Sender("acme").get({"click_id": unique, "transaction_id": unique, "payout": "1.25"})
    sent_s = time.monotonic()
    answer = send(client, postback)
    duration_s = time.monotonic() - sent_s
    assert (answer.code, answer.status) == (200, "accepted"), answer
    return duration_s, unique


def test_honest_postbacks_stay_fast_and_complete_during_attacks(
    guarded: Edge, ledger: str, promises: Promises, request: pytest.FixtureRequest
) -> None:
    # Senders have machines of their own as well: what is measured is the system, and not how it starves its clients.
    before = os.getpriority(os.PRIO_PROCESS, 0)
    os.setpriority(os.PRIO_PROCESS, 0, -10)
    request.addfinalizer(lambda: os.setpriority(os.PRIO_PROCESS, 0, before))
    send_honestly(guarded, "warm-up")
    before_s, _ = send_honestly(guarded, "before")

    with attacks(guarded) as running:
        Event().wait(1)
        during_s, sent = send_honestly(guarded, "during")
        seen = stop(running)

    _log.info("p99 before %.1f ms, during %.1f ms; attackers were answered %s", before_s * 1e3, during_s * 1e3, seen)
    booked = fetch(ledger, "SELECT count(*) FROM conversions WHERE transaction_id = ANY(%s)", (sent,))
    assert all(sum(by_status.values()) > len(sent) for by_status in seen.values()), "the attacks were no attacks"
    assert booked == [(len(sent),)]
    promises.keep("p99 of honest postbacks during attacks", during_s, round(3 * before_s + 0.02, 3))

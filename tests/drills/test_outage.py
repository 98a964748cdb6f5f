"""What clients are promised in seconds while Postgres is down, and after it is back."""

import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.drills.promises import Promises
from tests.parts.backend import Backend
from tests.parts.frozen import frozen
from tests.parts.outages import OUTAGES, Outage, is_booked, live_through, timed_send
from tests.parts.postgres import Postgres
from tests.parts.waiting import wait_until

CROWD, QUEUE_LIMIT = 24, 5


@pytest.mark.parametrize("outage", OUTAGES)
def test_an_outage_of_postgres(
    mortal: Postgres, ledger: str, client: httpx.Client, promises: Promises, outage: Outage
) -> None:
    seen = live_through(outage, mortal, ledger, client)

    promises.keep("503 while Postgres is down", max(seconds for seconds, _ in seen.answers), 2)
    promises.keep("/healthz while Postgres is down", max(seconds for seconds, _ in seen.health), 2)
    promises.keep("postbacks booked after Postgres is back", seen.booked_after_s, 3)
    promises.keep("/healthz is 200 after Postgres is back", seen.healthy_after_s, 3)


def test_a_full_queue_refuses_at_once(mortal: Postgres, ledger_environment: dict[str, str], promises: Promises) -> None:
    environment = {**ledger_environment, "POSTLEDGER_QUEUE_LIMIT": str(QUEUE_LIMIT)}
    with Backend(environment, workers=1, shipped_limits=True) as backend, backend.client() as client:
        with frozen(mortal), ThreadPoolExecutor(CROWD) as senders:
            answers = list(senders.map(lambda number: timed_send(client, f"crowd-{number}"), range(CROWD)))
        # As the backend measures it, because so many senders in one process delay each other.
        took_s = sorted(backend.request_line(answer.receipt)["duration_s"] for _, answer in answers)

    # The writer may hold one batch while another one waits; all others are refused.
    promises.keep("503 when the queue is full", took_s[CROWD - 2 * QUEUE_LIMIT - 1], 0.75)
    promises.keep("503 while Postgres is down", max(seconds for seconds, _ in answers), 2)


def test_a_stop_with_an_idle_connection_of_the_edge(backend: Backend, client: httpx.Client, promises: Promises) -> None:
    wait_until(lambda: is_booked(client), what="a postback that leaves an idle connection")

    started_s = time.monotonic()
    backend.stop()
    stopped_s = time.monotonic()
    backend.start()

    promises.keep("graceful stop of the backend", stopped_s - started_s, 5)

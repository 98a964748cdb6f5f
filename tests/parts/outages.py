"""Outages of Postgres, and what clients see during and after one."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from threading import Event

import httpx

from tests.parts.databases import close_database, open_database
from tests.parts.frozen import frozen
from tests.parts.postgres import Postgres
from tests.parts.sender import Answer, Sender, send
from tests.parts.waiting import wait_until

ACME = Sender("acme")
DOWN_S = 3.0  # long enough for connections to time out and for every background task to fail at least once


@contextmanager
def stopped(postgres: Postgres, _: str) -> Iterator[None]:
    """Shut down properly: the port refuses connections."""
    postgres.stop()
    try:
        yield
    finally:
        postgres.start()


@contextmanager
def killed(postgres: Postgres, _: str) -> Iterator[None]:
    """Killed, and recovering at its next start."""
    postgres.kill()
    try:
        yield
    finally:
        postgres.start()


@contextmanager
def hanging(postgres: Postgres, _: str) -> Iterator[None]:
    """It accepts connections and never answers."""
    with frozen(postgres):
        yield


@contextmanager
def refusing(postgres: Postgres, ledger: str) -> Iterator[None]:
    """It runs and refuses connections to this database, as while a backup is restored."""
    close_database(postgres, ledger)
    try:
        yield
    finally:
        open_database(postgres, ledger)


Outage = Callable[[Postgres, str], AbstractContextManager[None]]
OUTAGES: tuple[Outage, ...] = (stopped, killed, hanging, refusing)


@dataclass(frozen=True, slots=True)
class Seen:
    """What clients saw of an outage; each response with the seconds that it took."""

    answers: list[tuple[float, Answer]]
    health: list[tuple[float, httpx.Response]]
    booked_after_s: float
    healthy_after_s: float


def live_through(
    outage: Outage, postgres: Postgres, ledger: str, client: httpx.Client, *, pause_s: float = 0.0
) -> Seen:
    """Send postbacks and ask for health during an outage, and wait until both work again.

    Each sender pauses after each answer; without a pause they keep the whole machine busy.
    """
    wait_until(lambda: is_booked(client), what="normal service before the outage")
    with outage(postgres, ledger):
        health = [_timed_health(client) for _ in range(4)]
        answers = _send_for(DOWN_S, client, pause_s)
        health += [_timed_health(client) for _ in range(2)]
    booked_after_s = wait_until(lambda: is_booked(client), what="normal service")
    healthy_after_s = booked_after_s + wait_until(lambda: client.get("/healthz").is_success, what="good health")
    return Seen(answers, health, booked_after_s, healthy_after_s)


def is_booked(client: httpx.Client) -> bool:
    """True when a postback reaches the ledger."""
    return send(client, ACME.get({"click_id": "before or after"})).is_success


def timed_send(client: httpx.Client, click_id: str) -> tuple[float, Answer]:
    """Send a postback and measure how long its response takes."""
    started_s = time.monotonic()
    answer = send(client, ACME.get({"click_id": click_id}))
    return time.monotonic() - started_s, answer


def _timed_health(client: httpx.Client) -> tuple[float, httpx.Response]:
    started_s = time.monotonic()
    answer = client.get("/healthz")
    return time.monotonic() - started_s, answer


def _send_for(seconds: float, client: httpx.Client, pause_s: float) -> list[tuple[float, Answer]]:
    """Eight senders at a time; each sends at least once."""
    until_s, never = time.monotonic() + seconds, Event()

    def send_on(number: int) -> list[tuple[float, Answer]]:
        answers = [timed_send(client, f"down-{number}")]
        while not never.wait(pause_s) and time.monotonic() < until_s:
            answers.append(timed_send(client, f"down-{number}-{len(answers)}"))
        return answers

    with ThreadPoolExecutor(8) as senders:
        return [answer for answers in senders.map(send_on, range(8)) for answer in answers]

"""Forgetting somebody whose postbacks go on coming: what came before is gone, and nothing else is."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from threading import Event, Lock, Thread
from typing import Any, NamedTuple
from uuid import uuid4

import pytest

from postledger.audit.erasure import Erased, erase
from postledger.platform.keyring import Keyring
from postledger.platform.postgres.connection import connect
from postledger.policy.read import load_policy
from tests.http.conftest import Service
from tests.parts.sources import UNLIMITED, add_source
from tests.parts.waiting import wait_until

SENDERS = 6
SOURCES = ("rumour", "gossip")
SETTINGS: dict[str, Any] = {**UNLIMITED, "auth": "none", "click": "optional", "pii": ["sub1", "email"]}
_HELD = """
SELECT received_at < erased_at, count(*) FROM postbacks, (SELECT max(erased_at) AS erased_at FROM erasures) AS erasure
WHERE transaction_id LIKE %s AND (position(%s::bytea IN raw) > 0 OR click_id = %s) GROUP BY 1
"""
_BORNE = """
SELECT created_at < erased_at, count(*) FROM conversions, (SELECT max(erased_at) AS erased_at FROM erasures) AS erasure
WHERE transaction_id LIKE %s AND (subs ->> 'sub1' = %s OR click_id = %s) GROUP BY 1
"""


@dataclass(slots=True)
class Traffic:
    """Postbacks of one person and of others, to two sources; each sale comes as pending, then as approved.

    A sale is counted when both were answered, so after two more of each sender all that was on its way is answered.
    """

    service: Service
    run: str
    person: dict[str, str]
    answers: Counter[tuple[int, str]] = field(default_factory=Counter)
    sales: Counter[bool] = field(default_factory=Counter)
    by_sender: Counter[int] = field(default_factory=Counter)
    ended: Event = field(default_factory=Event)
    counting: Lock = field(default_factory=Lock)

    def send_until_ended(self, sender: int) -> None:
        """Send as fast as answers come."""
        for number in count():
            if self.ended.is_set():
                return
            is_theirs = number % 2 == 0
            self._send(f"{self.run}-{sender}-{number}", SOURCES[number // 2 % 2], is_theirs=is_theirs)
            with self.counting:
                self.sales[is_theirs] += 1
                self.by_sender[sender] += 1

    def go_on(self, rounds: int, what: str) -> None:
        """Wait until every sender has had so many more sales."""
        enough = {sender: self.by_sender[sender] + rounds for sender in range(SENDERS)}
        wait_until(lambda: all(self.by_sender[sender] >= least for sender, least in enough.items()), what=what)

    def _send(self, transaction_id: str, source: str, *, is_theirs: bool) -> None:
        own = {"click_id": f"{self.run}-other", "sub1": "bob@example.org", "sub2": "kept"}
        said = {**own, **self.person} if is_theirs else own
        for status in ("pending", "approved"):
            answer = self.service.client.get(
                f"/tracking/postback/{source}",
                params={**said, "transaction_id": transaction_id, "payout": "1.25", "status": status},
            )
            with self.counting:
                self.answers[answer.status_code, answer.json()["status"]] += 1


@contextmanager
def running(traffic: Traffic) -> Iterator[None]:
    threads = [Thread(target=traffic.send_until_ended, args=(sender,)) for sender in range(SENDERS)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        traffic.ended.set()
        for thread in threads:
            thread.join()


@pytest.fixture
def ready(service: Service, master_key: str) -> Service:
    """The service, when every worker knows the sources."""
    for slug in SOURCES:
        if not service.fetch("SELECT FROM sources WHERE slug = %s", slug):
            add_source(service.database, master_key, slug, [], SETTINGS)
        service.backend.wait_for_source(slug)
    return service


class Wanted(NamedTuple):
    """What the person sends along, how it is stored, and what is to be erased."""

    person: dict[str, str]
    stored: str
    erase: dict[str, str]


def of_datum(service: Service, master_key: str, run: str) -> Wanted:
    address = f"{run}@example.org"
    with connect(service.database, name="test", statement_timeout_ms=60_000) as connection:
        hashed = load_policy(connection, Keyring([master_key])).sources[SOURCES[0]].hide(address)
    return Wanted({"sub1": address, "email": address}, hashed, {"hashed": hashed})


def of_click(service: Service, master_key: str, run: str) -> Wanted:
    return Wanted({"click_id": f"{run}-theirs"}, f"{run}-theirs", {"click_id": f"{run}-theirs"})


def forget(traffic: Traffic, value: dict[str, str]) -> Erased:
    """Erase as the command does, which waits for seconds until the requests that are on their way are answered."""
    with connect(traffic.service.database, name="test", statement_timeout_ms=60_000) as connection:
        return erase(
            connection,
            actor="test",
            now=datetime.now(UTC),
            on_progress=lambda _, __: None,
            pause=lambda _: traffic.go_on(2, "an answer to all that was on its way"),
            **value,
        )


@pytest.mark.parametrize("whom", [of_datum, of_click])
def test_an_erasure_during_traffic_covers_all_that_came_before_it(
    ready: Service, master_key: str, whom: Callable[[Service, str, str], Wanted]
) -> None:
    service, run = ready, f"R{uuid4().hex}"
    person, written, value = whom(service, master_key, run)
    traffic = Traffic(service, run, person)

    with running(traffic):
        traffic.go_on(10, "sales before")
        erased = forget(traffic, value)
        traffic.go_on(10, "sales afterwards")

    of_run = f"{run}-%"
    assert set(traffic.answers) == {(200, "accepted"), (200, "updated")}, "nobody was refused, held up or repeated"
    assert min(erased.postbacks, erased.conversions) > 0
    held = dict(service.fetch(_HELD, of_run, written, written))
    borne = dict(service.fetch(_BORNE, of_run, written, written))
    assert (held.get(True, 0), borne.get(True, 0)) == (0, 0), "nothing that came before has it"
    assert min(held[False], borne[False]) > 0, "and more of it came in the meantime"
    sales = traffic.sales.total()
    booked = service.fetch(
        "SELECT status, sum(payout)::text, count(*) FROM conversions WHERE transaction_id LIKE %s GROUP BY 1", of_run
    )
    assert booked == [("approved", f"{sales * 5 // 4}.{sales * 125 % 100:02}", sales)]
    ((rows, whole),) = service.fetch(
        "SELECT count(*), count(*) FILTER (WHERE raw <> '' AND click_id = %s) FROM postbacks"
        " WHERE transaction_id LIKE %s",
        f"{run}-other", of_run,
    )  # fmt: skip
    assert rows == traffic.answers.total()
    assert whole >= 2 * traffic.sales[False], "what is said of others is as it was"
    ((kept,),) = service.fetch(
        "SELECT count(*) FROM conversions WHERE transaction_id LIKE %s AND subs ->> 'sub2' = 'kept'", of_run
    )
    assert kept == sales - (erased.conversions if whom is of_click else 0), "of a click all that is free goes"

"""Forgetting somebody whose postbacks go on coming: what came before is gone, and nothing else is."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any
from uuid import uuid4

import pytest

from tests.http.conftest import Service
from tests.parts.cli import CommandLine
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
    """Postbacks of one person and of others, to two sources; each sale comes as pending, then as approved."""

    service: Service
    run: str
    person: dict[str, str]
    answers: Counter[tuple[int, str]] = field(default_factory=Counter)
    sales: Counter[bool] = field(default_factory=Counter)
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
def cli(service: Service, master_key: str, tmp_path: Path) -> CommandLine:
    for slug in SOURCES:
        if not service.fetch("SELECT FROM sources WHERE slug = %s", slug):
            add_source(service.database, master_key, slug, [], SETTINGS)
        service.backend.wait_for_source(slug)
    return CommandLine({"DATABASE_URL": service.database, "POSTLEDGER_MASTER_KEY": master_key}, tmp_path)


def of_datum(cli: CommandLine, run: str) -> tuple[dict[str, str], str, tuple[str, str]]:
    hashed = cli.process("hash", stdin=f"{run}@example.org\n").out.strip()
    return {"sub1": f"{run}@example.org", "email": f"{run}@example.org"}, hashed, ("--hash", hashed)


def of_click(_: CommandLine, run: str) -> tuple[dict[str, str], str, tuple[str, str]]:
    return {"click_id": f"{run}-theirs"}, f"{run}-theirs", ("--click-id", f"{run}-theirs")


@pytest.mark.parametrize("whom", [of_datum, of_click])
def test_who_is_forgotten_while_they_go_on_converting_is_forgotten_up_to_then_and_nobody_loses_money(
    service: Service, cli: CommandLine, whom: Callable[..., tuple[dict[str, str], str, tuple[str, str]]]
) -> None:
    run = f"R{uuid4().hex}"
    person, written, arguments = whom(cli, run)
    traffic = Traffic(service, run, person)

    with running(traffic):
        wait_until(lambda: traffic.sales.total() > 100, 30, "a hundred sales")
        counts = cli.process("forget", *arguments, "--json").facts
        before = traffic.sales.total()
        wait_until(lambda: traffic.sales.total() > before + 100, 30, "a hundred sales afterwards")

    of_run = f"{run}-%"
    assert set(traffic.answers) == {(200, "accepted"), (200, "updated")}, "nobody was refused, held up or repeated"
    assert min(counts["postbacks"], counts["conversions"]) > 0
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
    assert kept == sales - (counts["conversions"] if whom is of_click else 0), "of a click all that is free goes"

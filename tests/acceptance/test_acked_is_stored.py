"""Acked is stored: whatever is killed, whenever, a postback that was answered 2xx is on the ledger, and exactly once.

One long story instead of many short ones, because each kill must find the others' debris still lying about.
"""

import logging
import os
import signal
from collections.abc import Callable
from itertools import cycle

from tests.parts.backend import Backend
from tests.parts.databases import fetch
from tests.parts.edge import Edge
from tests.parts.postgres import Postgres
from tests.parts.sender import Postback, Sender
from tests.parts.traffic import Books, Traffic
from tests.parts.waiting import wait_until

ROUNDS = 3
ACKS_BETWEEN_KILLS = 700

_log = logging.getLogger(__name__)


def make_postback(key: str) -> Postback:
    """A postback of one event, in each of the three forms in turn; the key is its transaction id and in its payout."""
    sender, number = Sender("acme"), int(key.rpartition("-")[2])
    parameters = {"click_id": f"click-{key}", "transaction_id": key, "payout": f"{number}.25"}
    make: Callable[[dict[str, str]], Postback] = (sender.get, sender.form, sender.json)[number % 3]
    return make(parameters)


class Killer:
    """The supervisor of these tests: kills a part as hard as one can, and starts it again as a supervisor would."""

    def __init__(self, ledger: str, postgres: Postgres, backend: Backend) -> None:
        self._ledger, self._postgres, self._backend = ledger, postgres, backend

    def worker(self) -> None:
        """A gunicorn worker; its master makes another, and one that was started a moment ago has not made any yet."""
        wait_until(lambda: self._backend.worker_pids() != [], what="a worker")
        self._backend.kill(self._backend.worker_pids()[0])

    def master(self) -> None:
        """The gunicorn master; its workers notice only after a while, and serve and write until then."""
        self._backend.kill()
        self._backend.start(ready=False)

    def postgres(self) -> None:
        """The first process of Postgres: crash recovery at the next start."""
        self._postgres.kill()
        self._postgres.start()

    def session(self) -> None:
        """The session that a writer is committing in: Postgres ends all others too, and recovers by itself."""
        query = "SELECT pid FROM pg_stat_activity WHERE application_name = 'postledger-ledger' LIMIT 1"
        for (pid,) in fetch(self._ledger, query):
            os.kill(pid, signal.SIGKILL)

    def all_at_once(self) -> None:
        """A worker and Postgres, then the master while Postgres is away."""
        self.worker()
        self._postgres.kill()
        self._backend.kill()
        self._backend.start(ready=False)
        self._postgres.start()


def test_every_2xx_is_on_the_ledger_exactly_once_whatever_is_killed(
    ledger: str, mortal: Postgres, backend: Backend, edge: Edge
) -> None:
    killer, traffic = Killer(ledger, mortal, backend), Traffic(edge, make_postback)
    kills = cycle([killer.worker, killer.master, killer.postgres, killer.session, killer.all_at_once])

    with traffic.flowing():
        for _ in range(ROUNDS * 5):
            wait_for_acks(traffic)
            next(kills)()
        wait_for_acks(traffic)

    books = traffic.books()
    _log.info("%s; slowest answer %.2f s; events %s", dict(books.outcomes), books.slowest_s, len(books.delivered))
    assert_nobody_was_left_waiting(books)
    assert_each_receipt_is_on_the_ledger(books, ledger)
    assert_each_event_was_booked_once(books, ledger)


def wait_for_acks(traffic: Traffic) -> None:
    """Let the traffic flow freely for a while; it must do so by itself, however it was disturbed."""
    goal = traffic.delivered + ACKS_BETWEEN_KILLS
    wait_until(lambda: traffic.delivered >= goal, what=f"{ACKS_BETWEEN_KILLS} more acknowledged postbacks")


def assert_nobody_was_left_waiting(books: Books) -> None:
    """Each attempt ended in an answer or a closed connection, and each event in a 2xx."""
    assert books.outcomes["no answer"] == 0, books.outcomes
    assert books.undelivered == []
    assert set(books.outcomes) <= {"200 accepted", "200 duplicate", "503 unavailable", "closed connection"}


def assert_each_receipt_is_on_the_ledger(books: Books, ledger: str) -> None:
    """Each receipt that came with a 2xx names one row, of the verdict that the sender was told."""
    stored = dict(fetch(ledger, "SELECT id::text, verdict FROM postbacks"))

    assert books.repeated_receipts == []
    assert {receipt: stored.get(receipt) for receipt in books.receipts} == books.receipts


def assert_each_event_was_booked_once(books: Books, ledger: str) -> None:
    """Each delivered event is one conversion with its own money, opened by exactly one postback."""
    booked = fetch(
        ledger,
        """
        SELECT transaction_id, click_id, payout::text, currency, status
        FROM conversions WHERE transaction_id LIKE '%-%'
        """,
    )
    openings = fetch(
        ledger,
        """
        SELECT conversions.transaction_id, count(*)
        FROM conversions LEFT JOIN postbacks ON postbacks.conversion_id = conversions.id AND verdict = 'accepted'
        GROUP BY conversions.dedup_key HAVING count(postbacks.id) <> 1
        """,
    )

    assert sorted(booked) == sorted(
        (key, f"click-{key}", f"{key.rpartition('-')[2]}.25", "USD", "approved") for key in books.delivered
    )
    assert openings == []

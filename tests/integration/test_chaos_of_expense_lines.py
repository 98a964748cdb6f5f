"""Conversions change while workers are killed: their lines sum to what they are worth all the same."""

import random
from collections.abc import Callable
from threading import Event, Thread
from typing import LiteralString

from postledger.ledger.entry import Entry
from postledger.ledger.rules.status_rules import Rules
from postledger.ledger.writer import write_entries
from tests.parts.cli import CommandLine
from tests.parts.databases import fetch
from tests.parts.entries import entry_of
from tests.parts.mapping import configure, map_all, open_ledger
from tests.parts.waiting import HANGS_AFTER_S, wait_until
from tests.parts.worker import Worker

WRITERS, CONVERSIONS = 2, 1000
ENTRIES_A_BATCH = 20
LINES_BEFORE_A_KILL = 50
MOST_WAITING = 500
RULES = Rules(duplicates="correct", may_reapprove=True, reversal_guard=None)
BEFORE_IT_READS = "LOCK TABLE expense_lines IN ACCESS EXCLUSIVE MODE"
BEFORE_IT_WRITES = "LOCK TABLE expense_lines IN SHARE MODE"
WAITING_FOR_LINES = """
SELECT count(*)::integer FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock'
    AND (query LIKE '-- The lines of conversions%' OR query LIKE '-- Adds expense lines%')
"""
WRONG = """
SELECT dedup_key
FROM (SELECT dedup_key, CASE WHEN status = 'approved' THEN payout ELSE 0 END AS worth, currency FROM conversions) AS c
FULL JOIN (
    SELECT dedup_key, currency, sum(amount) AS booked FROM expense_lines GROUP BY dedup_key, currency
) AS lines USING (dedup_key, currency)
WHERE coalesce(worth, 0) <> coalesce(booked, 0)
"""


def test_scenario_11_lines_sum_to_the_worth_after_kills(cli: CommandLine, database: str) -> None:
    configure(cli)
    with Changes(database) as changes:
        for moment in (BEFORE_IT_READS, BEFORE_IT_WRITES):
            kill_while_it_maps(cli, database, moment)
        # What the last worker had taken is not changed again, so no later change repairs what it lost.
        kill_while_it_maps(cli, database, BEFORE_IT_READS, first=changes.stop)

    map_all(database)

    assert fetch(database, "SELECT count(*)::integer FROM outbox") == [(0,)]
    assert fetch(database, WRONG) == []
    assert not any(cli("finance", "check", "--json").facts.values())
    assert fetch(database, "SELECT count(*) > 0 FROM expense_lines WHERE kind = 'adjustment'") == [(True,)]


class Changes:
    """Changes conversions through the writer, in several threads, until it is stopped."""

    def __init__(self, url: str) -> None:
        self._stop = Event()
        self._threads = [Thread(target=change, args=(url, number, self._stop)) for number in range(WRITERS)]

    def __enter__(self) -> "Changes":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Change nothing more."""
        self._stop.set()
        for thread in self._threads:
            thread.join(HANGS_AFTER_S)


def change(url: str, seed: int, stop: Event) -> None:
    chosen = random.Random(seed)  # noqa: S311 - the same changes in every run
    with open_ledger(url) as ledger:
        while not stop.is_set():
            write_entries(ledger, [make_entry(chosen) for _ in range(ENTRIES_A_BATCH)])
            while not stop.is_set() and waiting(url) > MOST_WAITING:
                stop.wait(0.05)


def make_entry(chosen: random.Random) -> Entry:
    """One postback: a sale, a correction, a change of status, a refund or a reversal."""
    sale, kind = f"T{chosen.randrange(CONVERSIONS)}", chosen.random()
    amount, currency = chosen.choice(["0.50", "1", "7.25"]), chosen.choice(["USD"] * 9 + ["EUR"])
    if kind < 0.1:
        refund = f"R{chosen.getrandbits(64)}"
        return entry_of(
            rules=RULES, transaction_id=refund, reverses=sale, status="reversed", payout="-0.25", currency="USD"
        )
    status = chosen.choice(["approved"] * 6 + ["pending", "rejected", "rejected", "reversed"])
    return entry_of(
        rules=RULES, transaction_id=sale, status=status, payout=amount, currency=currency, affiliate_id="456"
    )


def kill_while_it_maps(
    cli: CommandLine, url: str, moment: LiteralString, first: Callable[[], None] = lambda: None
) -> None:
    """Kill a worker that has written some lines and taken more changes. The moment is a lock that it waits for."""
    begun_with = lines(url)
    with Worker(cli.environment, "--only", "map") as worker, open_ledger(url) as other:
        wait_until(lambda: lines(url) >= begun_with + LINES_BEFORE_A_KILL, what="the lines of a worker")
        with other.transaction():
            other.execute(moment)
            wait_until(lambda: fetch(url, WAITING_FOR_LINES) == [(1,)], what="a worker that waits for the lines")
            first()
            worker.kill()


def lines(url: str) -> int:
    return int(fetch(url, "SELECT count(*) FROM expense_lines")[0][0])


def waiting(url: str) -> int:
    return int(fetch(url, "SELECT count(*) FROM outbox")[0][0])

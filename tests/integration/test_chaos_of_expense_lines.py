"""Conversions change while workers are killed: their lines sum to what they are worth all the same."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

from postledger.ledger.entry import Entry
from postledger.ledger.rules.status_rules import Rules
from postledger.ledger.writer import write_entries
from tests.parts.cli import CommandLine
from tests.parts.databases import fetch
from tests.parts.entries import entry_of
from tests.parts.mapping import configure, map_all, open_ledger
from tests.parts.waiting import HANGS_AFTER_S, wait_until
from tests.parts.worker import Worker

WRITERS, KILLS, CONVERSIONS = 2, 3, 200
ENTRIES_A_BATCH = 20
LINES_BEFORE_A_KILL = 50
MOST_WAITING = 500
RULES = Rules(duplicates="correct", may_reapprove=True, reversal_guard=None)
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
    with changing(database):
        for _ in range(KILLS):
            kill_while_it_maps(cli, database)

    map_all(database)

    assert fetch(database, "SELECT count(*)::integer FROM outbox") == [(0,)]
    assert fetch(database, WRONG) == []
    assert not any(cli("finance", "check", "--json").facts.values())
    assert fetch(database, "SELECT count(*) > 0 FROM expense_lines WHERE kind = 'adjustment'") == [(True,)]


@contextmanager
def changing(url: str) -> Iterator[None]:
    """Change conversions through the writer, in several threads, until the block ends."""
    stop = Event()
    threads = [Thread(target=change, args=(url, number, stop)) for number in range(WRITERS)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
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


def kill_while_it_maps(cli: CommandLine, url: str) -> None:
    before = lines(url)
    with Worker(cli.environment, "--only", "map") as worker:
        wait_until(lambda: lines(url) >= before + LINES_BEFORE_A_KILL, what="the lines of a worker")
        worker.kill()


def lines(url: str) -> int:
    return int(fetch(url, "SELECT count(*) FROM expense_lines")[0][0])


def waiting(url: str) -> int:
    return int(fetch(url, "SELECT count(*) FROM outbox")[0][0])

"""`forget` erases a value wherever it is stored, and nothing else. The money stays."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from threading import Thread
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from msgspec.structs import replace
from psycopg import Connection

from postledger.audit import erasure
from postledger.audit.erasure import erase
from postledger.ledger.rules.status_rules import Rules
from postledger.ledger.writer import write_entries
from postledger.platform.keyring import Keyring
from postledger.platform.postgres.connection import WRITER, connect
from postledger.platform.timeouts import SETTLED_WITHIN_S
from postledger.policy.read import load_policy
from tests.parts.cli import CommandLine
from tests.parts.entries import entry_of, new_receipt, refused_entry
from tests.parts.sources import add_click, add_source
from tests.parts.waiting import HANGS_AFTER_S, wait_until

HASH = "h-" + "ab" * 16
HANGING = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


@pytest.fixture
def ledger(database: str) -> Iterator[Connection[Any]]:
    with connect(database, name="test", statement_timeout_ms=60_000) as connection:
        yield connection


def rows(ledger: Connection[Any], statement: str) -> list[tuple[Any, ...]]:
    return ledger.execute(statement.encode()).fetchall()


def test_a_click_id_is_erased_from_every_table_and_the_money_stays(
    ledger: Connection[Any], database: str, cli: CommandLine
) -> None:
    add_click(database, "v/1")
    add_click(database, "v/12")
    write_entries(
        ledger,
        [
            replace(
                entry_of(click_id="v/1", transaction_id="T1", payout="5", sub1="free"), raw=b"click_id=v%2f1&sub1=free"
            ),
            replace(refused_entry(), raw=b"a=1&click_id=v%2F1"),
            replace(refused_entry(), raw=b'{"click_id": "v/1"}', source_address="192.0.2.1"),
            replace(entry_of(click_id="v/12", transaction_id="T2", payout="7"), raw=b"click_id=v%2f12"),
        ],
    )

    counts = cli("forget", "--click-id", "v/1", "--json").facts

    assert counts == {"clicks": 1, "postbacks": 3, "conversions": 1}
    assert rows(ledger, "SELECT transaction_id, click_id, subs, payout FROM conversions ORDER BY 1") == [
        ("T1", "forgotten", None, Decimal(5)),
        ("T2", "v/12", None, Decimal(7)),
    ]
    assert rows(ledger, "SELECT click_id, host(source_ip), raw FROM postbacks WHERE raw <> ''") == [
        ("v/12", "127.0.0.1", b"click_id=v%2f12")
    ]
    assert rows(ledger, "SELECT count(*) FROM postbacks WHERE raw = '' AND click_id IS NULL AND source_ip IS NULL") == [
        (3,)
    ]
    assert rows(ledger, "SELECT click_id FROM clicks") == [("v/12",)]
    assert rows(ledger, "SELECT kind, clicks, postbacks, conversions, actor <> '' FROM erasures") == [
        ("click_id", 1, 3, 1, True)
    ]


def test_length_and_hash_of_the_whole_are_erased_too(ledger: Connection[Any], cli: CommandLine) -> None:
    raw = b'{"click_id":71,"note":"' + b"x" * 2000 + b'"}'
    write_entries(ledger, [replace(refused_entry(), raw=raw)])
    assert rows(ledger, "SELECT raw, raw_length FROM postbacks") == [(b'{"click_id":71,', len(raw))]

    cli("forget", "--click-id", "71")

    assert rows(ledger, "SELECT raw, raw_length, raw_sha256 FROM postbacks") == [(b"", None, None)]


@pytest.mark.parametrize(
    "raw",
    [
        b"click_id=Ab%2fC+d%3a%c3%a9&a=1",
        b"a=1&click_id=Ab%2FC%20d%3A%C3%A9",
        b"click_id=Ab/C%20d%3A%C3%A9&x=",
        rb'{"click_id":"Ab\/C d:\u00e9"}',
        '{"click_id": "Ab/C d:é"}'.encode(),
    ],
)
def test_a_click_id_is_found_in_every_encoding(ledger: Connection[Any], cli: CommandLine, raw: bytes) -> None:
    write_entries(ledger, [replace(refused_entry(), raw=raw), replace(refused_entry(), raw=b"click_id=ab%2fc")])

    assert cli("forget", "--click-id", "Ab/C d:é", "--json").facts["postbacks"] == 1


def test_a_click_id_is_erased_from_labels_and_transaction_ids(
    ledger: Connection[Any], database: str, cli: CommandLine
) -> None:
    add_click(database, "ours")
    ledger.execute("""UPDATE clicks SET subs = '{"sub1": "theirs", "sub2": "kept"}'""")
    write_entries(
        ledger,
        [
            replace(entry_of(click_id="ours", transaction_id="T1", payout="5", sub1="theirs"), raw=b"sub1=theirs"),
            replace(entry_of(click_id="ours", transaction_id="T1"), raw=b"click_id=ours"),
            entry_of(click_id="theirs", transaction_id="theirs", payout="7"),
        ],
    )

    counts = cli("forget", "--click-id", "theirs", "--json").facts

    assert counts == {"clicks": 1, "postbacks": 2, "conversions": 2}
    assert rows(ledger, "SELECT click_id, subs FROM clicks") == [("ours", {"sub2": "kept"})]
    assert rows(ledger, "SELECT click_id, transaction_id, subs, payout FROM conversions ORDER BY payout") == [
        ("ours", "T1", None, Decimal(5)),
        ("forgotten", "forgotten", None, Decimal(7)),
    ]
    assert rows(ledger, "SELECT click_id, transaction_id, raw <> '' FROM postbacks ORDER BY received_at") == [
        ("ours", "T1", False),
        ("ours", "T1", True),
        (None, None, False),
    ]
    again = write_entries(ledger, [entry_of(click_id="theirs", transaction_id="theirs", payout="7")])
    assert [outcome.verdict.value for outcome in again] == ["duplicate"], "a late repeat is still a repeat"


def test_a_click_id_is_erased_from_the_history_and_from_parked_reversals(
    ledger: Connection[Any], cli: CommandLine
) -> None:
    refund = entry_of(transaction_id="theirs", reverses="T1", payout="-2", status="reversed")
    assert refund.event is not None
    held_back = replace(refund, rules=Rules(reversal_guard=0), receipt=new_receipt())
    write_entries(ledger, [entry_of(transaction_id="T1", payout="5")])
    write_entries(ledger, [held_back])
    write_entries(ledger, [replace(refund, event=replace(refund.event, payout=Decimal(-1)))])

    cli("forget", "--click-id", "theirs")

    assert rows(ledger, "SELECT transaction_id, payout FROM conversion_events") == [("forgotten", Decimal(-1))]
    assert rows(ledger, "SELECT transaction_id, payout FROM parked_reversals") == [("forgotten", Decimal(-2))]
    again = write_entries(ledger, [replace(held_back, receipt=new_receipt())])
    assert [outcome.verdict.value for outcome in again] == ["duplicate"], "a late repeat is still a repeat"


def test_audit_rows_of_an_erased_conversion_are_emptied(ledger: Connection[Any], cli: CommandLine) -> None:
    write_entries(ledger, [entry_of(click_id="theirs", transaction_id="T1")])
    write_entries(ledger, [replace(entry_of(click_id="other", transaction_id="T1"), raw=b"click_id=other")])

    assert cli("forget", "--click-id", "theirs", "--json").facts["postbacks"] == 2
    assert rows(ledger, "SELECT DISTINCT raw, source_ip FROM postbacks") == [(b"", None)]


def test_a_hash_is_erased_from_labels_and_audit_rows(ledger: Connection[Any], cli: CommandLine) -> None:
    write_entries(
        ledger,
        [
            replace(entry_of(transaction_id="T1", payout="5", sub1=HASH, sub2="kept"), raw=f"sub1={HASH}".encode()),
            replace(entry_of(transaction_id="T2", payout="7"), raw=f'{{"email": "{HASH}"}}'.encode()),
            replace(entry_of(transaction_id="T3", payout="9", sub1=HASH + "0"), raw=f"sub1={HASH}0".encode()),
        ],
    )

    counts = cli("forget", "--hash", HASH, "--json").facts

    assert counts == {"clicks": 0, "postbacks": 2, "conversions": 1}
    assert rows(ledger, "SELECT transaction_id, subs, payout, click_id FROM conversions ORDER BY 1") == [
        ("T1", {"sub2": "kept"}, Decimal(5), "C1"),
        ("T2", None, Decimal(7), "C1"),
        ("T3", {"sub1": HASH + "0"}, Decimal(9), "C1"),
    ]
    assert rows(ledger, "SELECT raw FROM postbacks WHERE raw <> ''") == [(f"sub1={HASH}0".encode(),)]
    assert rows(ledger, "SELECT kind FROM erasures") == [("hash",)]


HOLD_KEY = """
INSERT INTO conversions (dedup_key, id, source_id, event, click_id, status, created_at, updated_at)
VALUES (%s, gen_random_uuid(), 1, 'sale', 'x', 'approved', now(), now())
"""


def test_an_erasure_covers_rows_that_commit_while_it_begins(ledger: Connection[Any], database: str) -> None:
    """A batch waits for a lock and commits after the erasure began."""
    entry = replace(entry_of(click_id="theirs", transaction_id="T1", payout="5"), raw=b"click_id=theirs")
    assert entry.event is not None
    with (
        connect(database, name=WRITER, statement_timeout_ms=60_000) as writer,
        psycopg.connect(database) as other,
    ):
        other.execute(HOLD_KEY, (entry.event.dedup_key,))
        written = Thread(target=write_entries, args=(writer, [entry]))
        written.start()
        wait_until(lambda: rows(ledger, HANGING) != [], what="a batch that hangs")

        def let_it_commit(_: float) -> None:
            other.rollback()
            written.join(timeout=HANGS_AFTER_S)

        erased = erase(
            ledger, click_id="theirs", actor="a", now=entry.received_at, on_progress=_ignore, pause=let_it_commit
        )
        let_it_commit(0)

    assert (erased.conversions, erased.postbacks) == (1, 1)
    assert rows(ledger, "SELECT click_id, payout FROM conversions") == [("forgotten", Decimal(5))]
    assert rows(ledger, "SELECT click_id, raw FROM postbacks") == [(None, b"")]


def test_the_wait_of_an_erasure_stops_while_the_machine_is_suspended(monkeypatch: pytest.MonkeyPatch) -> None:
    """It asks no clock: it sleeps in short steps, of which a pause of the machine can swallow one."""
    steps_s: list[float] = []
    monkeypatch.setattr(erasure, "time", SimpleNamespace(sleep=steps_s.append))

    erasure.let_pass(SETTLED_WITHIN_S)

    assert sum(steps_s) == pytest.approx(SETTLED_WITHIN_S)
    assert max(steps_s) <= 0.1


def test_an_erasure_without_a_writer_does_not_wait(ledger: Connection[Any]) -> None:
    waits: list[float] = []

    erase(ledger, click_id="x", actor="a", now=datetime.now(UTC), on_progress=_ignore, pause=waits.append)

    assert waits == []


def test_concurrent_erasures_run_one_after_the_other(ledger: Connection[Any], database: str) -> None:
    """Each updates many rows in its own order, and both together would deadlock."""
    with (
        connect(database, name=WRITER, statement_timeout_ms=60_000),
        connect(database, name="test", statement_timeout_ms=60_000) as second,
    ):
        order: list[str] = []

        def forget_second() -> None:
            _forget(second, lambda _: None)
            order.append("second")

        thread = Thread(target=forget_second)

        def start_the_second(_: float) -> None:
            thread.start()
            wait_until(lambda: rows(ledger, HANGING) != [], what="the second, who waits")
            order.append("first")

        _forget(ledger, start_the_second)
        ledger.execute("SELECT pg_advisory_unlock_all()")
        thread.join(timeout=HANGS_AFTER_S)

    assert order == ["first", "second"]


def _forget(connection: Connection[Any], pause: Callable[[float], None]) -> None:
    erase(connection, click_id="x", actor="a", now=datetime.now(UTC), on_progress=_ignore, pause=pause)


def _ignore(_: int, __: int) -> None:
    """Ignore the progress."""


@pytest.mark.parametrize(
    "arguments", [(), ("--click-id", "A", "--hash", HASH), ("--hash", "ann@example.org"), ("--click-id", "")]
)
def test_invalid_arguments_of_forget_are_refused_in_one_line(cli: CommandLine, arguments: tuple[str, ...]) -> None:
    ran = cli("forget", *arguments)

    assert (ran.code, ran.err.count("\n")) == (1, 1)
    assert "ann" not in ran.err


def test_the_printed_hash_equals_the_stored_one(
    ledger: Connection[Any], database: str, master_key: str, cli: CommandLine
) -> None:
    add_source(database, master_key, "acme", settings={"pii": ["email"]})

    told = cli("hash", stdin="Ann@example.org\n").out.strip()

    assert told == load_policy(ledger, Keyring([master_key])).sources["acme"].hide("ann@example.org")


def test_the_hash_outlives_a_rotation_of_the_master_key(
    ledger: Connection[Any], database: str, master_key: str, cli: CommandLine
) -> None:
    add_source(database, master_key, "acme")
    add_source(database, master_key, "plain", [], {"auth": "none"})
    before = cli("hash", stdin="ann\n").out
    newer = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
    cli.environment["POSTLEDGER_MASTER_KEY"] = f"{newer} {master_key}"

    reencrypted = cli("source", "reencrypt")
    cli.environment["POSTLEDGER_MASTER_KEY"] = newer

    assert (reencrypted.code, cli("hash", stdin="ann\n").out) == (0, before)
    assert load_policy(ledger, Keyring([master_key])).sources["plain"].hide("ann") == "***", "the old key opens nothing"

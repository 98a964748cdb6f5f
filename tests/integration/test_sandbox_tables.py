"""The tables of the sandbox: twins of those that a postback writes, apart from the ledger, and kept for seven days."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace
from psycopg import Connection

from postledger.audit.erasure import erase
from postledger.ledger import byte_leases, recorded_repeats, repeat_writer, sandbox, writer
from postledger.ledger.byte_leases import ByteLeases
from postledger.ledger.rules.byte_budget import Limits
from postledger.ledger.sandbox import delete_old_rows, use_sandbox
from postledger.ledger.writer import write_entries
from postledger.platform.postgres.connection import connect
from tests.parts.cli import CommandLine
from tests.parts.documents import ROOT
from tests.parts.entries import entry_of, refused_entry, same_again
from tests.parts.sandbox_stack import TABLES
from tests.parts.sources import add_click

SQL = ROOT / "backend/postledger/ledger/sql"
HOT_PATH = (writer, repeat_writer, recorded_repeats, byte_leases)
_USED = re.compile(r'\bsql\("(\w+)"\)')
_WRITTEN = re.compile(r"\b(?:INSERT INTO|UPDATE|DELETE FROM)\s+(\w+)")
COLUMNS = """
SELECT attname, format_type(atttypid, atttypmod), attnotnull, attcollation::regcollation::text
FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped ORDER BY 1
"""


def read_hot_path() -> dict[str, str]:
    """The statements that write a postback, by name, without their comments."""
    names = {name for module in HOT_PATH for name in _USED.findall((ROOT / str(module.__file__)).read_text("utf-8"))}
    return {name: re.sub(r"--.*", "", (SQL / f"{name}.sql").read_text("utf-8")) for name in names}


@pytest.fixture
def ledger(database: str) -> Iterator[Connection[Any]]:
    with connect(database, name="test", statement_timeout_ms=60_000) as connection:
        yield connection


@pytest.fixture
def tried(database: str) -> Iterator[Connection[Any]]:
    """A connection as the sandbox has it."""
    with connect(database, name="sandbox", statement_timeout_ms=60_000) as connection:
        yield use_sandbox(connection)


def count(ledger: Connection[Any], schema: str) -> dict[str, int]:
    counts = {}
    for table in TABLES:
        row = ledger.execute(f"SELECT count(*) FROM {schema}.{table}".encode()).fetchone()
        assert row is not None
        counts[table] = int(row[0])
    return counts


def test_no_statement_of_the_hot_path_names_a_schema() -> None:
    statements = read_hot_path()

    assert "record_entries" in statements
    assert [name for name, text in statements.items() if re.search(r"\b(public|sandbox)\.", text)] == []


def test_each_table_that_a_postback_writes_has_a_twin(ledger: Connection[Any]) -> None:
    written = {table for text in read_hot_path().values() for table in _WRITTEN.findall(text)} - {"SET"}

    assert written == {*TABLES, "clicks"}
    for table in written:
        ours, twin = (ledger.execute(COLUMNS, (f"{schema}.{table}",)).fetchall() for schema in ("public", "sandbox"))
        without_null = [(name, kind, collation) for name, kind, _, collation in ours]
        assert without_null == [(name, kind, collation) for name, kind, _, collation in twin], table
        assert table == "clicks" or ours == twin


def test_an_entry_of_the_sandbox_writes_nothing_in_the_ledger(
    ledger: Connection[Any], tried: Connection[Any], database: str
) -> None:
    add_click(database, "C1")
    before = count(ledger, "public")
    entry = entry_of(click_check="required", transaction_id="T1", payout="5")

    budget = ByteLeases(Limits(2**20), lambda _: None)
    outcomes = write_entries(tried, [entry, refused_entry()], budget) + write_entries(
        tried, [same_again(entry)], budget
    )

    assert [outcome.verdict for outcome in outcomes] == ["accepted", "refused", "duplicate"]
    assert count(ledger, "public") == before
    assert count(ledger, "sandbox") == {
        "conversions": 1, "postbacks": 3, "conversion_events": 0, "parked_reversals": 0, "outbox": 1,
        "unauthenticated_bytes": 2,
    }  # fmt: skip


def test_the_sandbox_waits_for_no_lock_of_production(ledger: Connection[Any], tried: Connection[Any]) -> None:
    entry = entry_of(transaction_id="T1", payout="5")
    reversal = entry_of(transaction_id="T1", status="reversed")
    write_entries(ledger, [entry])
    write_entries(tried, [same_again(entry)])

    with ledger.transaction():
        ledger.execute("SELECT FROM conversions FOR UPDATE")
        ledger.execute("SELECT pg_advisory_xact_lock(%s, 1)", (repeat_writer._LOCK_ID,))
        ledger.execute("SELECT pg_advisory_xact_lock(%s::bigint)", (byte_leases._LOCK_ID,))
        tried.execute("SET lock_timeout = '1ms'")
        outcomes = write_entries(tried, [reversal, refused_entry()], ByteLeases(Limits(2**20), lambda _: None))

    assert [outcome.verdict for outcome in outcomes] == ["updated", "refused"]


def test_rows_of_the_sandbox_are_deleted_after_seven_days(
    ledger: Connection[Any], tried: Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "PORTION_ROWS", 1)
    now = datetime.now(UTC)
    old, new = entry_of(transaction_id="T1", payout="5"), entry_of(transaction_id="T2")
    changed = replace(entry_of(transaction_id="T1", status="reversed"), received_at=now)
    aged = [replace(entry, received_at=now - timedelta(days=7, seconds=1)) for entry in (old, same_again(old))]
    write_entries(ledger, [old])
    write_entries(tried, [*aged, new])
    write_entries(tried, [changed])

    assert delete_old_rows(ledger, now) == 2

    assert count(ledger, "sandbox") == {
        "conversions": 1, "postbacks": 2, "conversion_events": 0, "parked_reversals": 0, "outbox": 2,
        "unauthenticated_bytes": 0,
    }  # fmt: skip
    assert count(ledger, "public")["conversions"] == 1


def test_retain_deletes_old_rows_of_the_sandbox(cli: CommandLine, tried: Connection[Any]) -> None:
    entry = entry_of(transaction_id="T1")
    write_entries(tried, [replace(entry, received_at=entry.received_at - timedelta(days=8))])

    assert cli("retain", "--json").facts["sandbox_deleted"] == 1
    assert cli("retain").out.splitlines()[-1] == "0 postbacks of the sandbox deleted; they are kept for 7 days."


def test_only_a_trace_of_the_sandbox_finds_what_is_there(
    cli: CommandLine, ledger: Connection[Any], tried: Connection[Any]
) -> None:
    entry = entry_of(transaction_id="T1", payout="5")
    write_entries(tried, [entry])

    found = cli("trace", entry.receipt, "--sandbox", "--json").facts

    assert [row["id"] for row in found["postbacks"]] == [row["id"] for row in found["conversions"]] == [entry.receipt]
    assert found["conversions"][0]["waiting"] == []
    assert cli("trace", entry.receipt).code != 0
    write_entries(ledger, [entry_of(transaction_id="T2")])
    assert cli("trace", "T2", "--sandbox").code != 0


def test_forget_deletes_what_the_sandbox_has(ledger: Connection[Any], tried: Connection[Any]) -> None:
    write_entries(tried, [entry_of(click_id="v1", transaction_id="T1"), entry_of(click_id="v2", transaction_id="T2")])
    write_entries(tried, [replace(refused_entry(), raw=b"a=1&click_id=v1")])

    erase(
        ledger,
        click_id="v1",
        actor="test",
        now=datetime.now(UTC),
        on_progress=lambda *_: None,
        pause=lambda _: None,
    )

    left = count(ledger, "sandbox")
    assert (left["conversions"], left["postbacks"]) == (1, 1)

"""The audit chain is only ever added to; a row that was changed and an end that was cut off are both found."""

import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from postledger.metrics.worker_metrics import WorkerMetrics
from postledger.people.audit_chain import (
    Entry,
    Head,
    append,
    append_all,
    begin_chain,
    hash_entry,
    read_head,
    write_body,
)
from postledger.people.verify_chain import Fault, Verified, check_chain, verify
from postledger.platform.postgres.connection import connect
from tests.parts.cli import CommandLine
from tests.parts.databases import fetch
from tests.parts.promtool import assert_nothing_fires
from tests.parts.waiting import HANGS_AFTER_S

NOW = datetime(2026, 11, 30, 12, 0, 0, 123456, tzinfo=UTC)
OPEN = ("GRANT ALL ON audit_log TO CURRENT_USER", "ALTER TABLE audit_log DISABLE TRIGGER USER")
CLOSE = ("ALTER TABLE audit_log ENABLE TRIGGER USER", "REVOKE UPDATE, DELETE, TRUNCATE ON audit_log FROM CURRENT_USER")
"""What the owner of the ledger can do, however append-only a table is."""
CUT = (
    "DELETE FROM audit_log WHERE seq > 16",
    "UPDATE audit_head SET seq = 16, hash = (SELECT hash FROM audit_log WHERE seq = 16)",
)


def open_ledger(url: str) -> Connection[Any]:
    return connect(url, name="test", statement_timeout_ms=60_000)


@pytest.fixture
def ledger(database: str) -> Iterator[Connection[Any]]:
    with open_ledger(database) as connection:
        yield connection


@pytest.fixture
def chain(ledger: Connection[Any]) -> Connection[Any]:
    """A ledger with a chain of 21 entries."""
    with ledger.transaction():
        append_all(ledger, [Entry("mia", "test.do", f"thing {n}", write_body(n=n)) for n in range(20)], NOW)
    return ledger


def look(connection: Connection[Any], *known: Head) -> Verified:
    return verify(connection, known, lambda *_: None)


def tamper(connection: Connection[Any], *statements: str) -> None:
    with connection.transaction():
        for statement in (*OPEN, *statements, *CLOSE):
            connection.execute(statement.encode())


def test_a_chain_begins_with_a_digest_of_what_was_there_before(ledger: Connection[Any]) -> None:
    begin_chain(ledger, NOW)
    begin_chain(ledger, NOW)
    with ledger.transaction():
        head = append(ledger, "mia", "test.do", "it", body=write_body(), at=NOW)

    rows = ledger.execute("SELECT seq, actor, action, subject, body FROM audit_log ORDER BY seq").fetchall()
    nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert rows == [
        (1, "postledger", "chain.begin", "expense_lines", write_body(lines=0, sha256=nothing)),
        (2, "mia", "test.do", "it", b"{}"),
    ]
    assert look(ledger) == Verified(head) == Verified(read_head(ledger))


def test_a_chain_in_order_verifies(chain: Connection[Any]) -> None:
    assert look(chain) == Verified(read_head(chain))
    assert read_head(chain).seq == 21


def test_an_empty_chain_verifies(ledger: Connection[Any]) -> None:
    assert look(ledger) == Verified(Head(0, bytes(32)))


@pytest.mark.parametrize(
    "statement", ["UPDATE audit_log SET actor = 'x'", "DELETE FROM audit_log", "TRUNCATE audit_log"]
)
def test_the_ledger_refuses_every_change_of_an_entry(chain: Connection[Any], statement: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        chain.execute(statement.encode())


def test_the_owner_has_no_right_to_change_an_entry(database: str, ledger: Connection[Any]) -> None:
    ((granted,),) = fetch(
        database,
        "SELECT array_agg(DISTINCT a.privilege_type ORDER BY a.privilege_type)::text[] FROM pg_class,"
        " aclexplode(relacl) AS a WHERE oid = 'audit_log'::regclass AND a.grantee = relowner",
    )

    assert "INSERT" in granted
    assert not {"UPDATE", "DELETE", "TRUNCATE"} & set(granted)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("at", "at + interval '1 microsecond'"), ("actor", "'bob'"), ("action", "'test.undo'"), ("subject", "''"),
        ("body", "'{}'"), ("prev", "sha256('')"), ("hash", "sha256('')"),
    ],
)  # fmt: skip
def test_a_changed_field_is_found_at_its_entry(chain: Connection[Any], column: str, value: str) -> None:
    tamper(chain, f"UPDATE audit_log SET {column} = {value} WHERE seq = 9")

    assert look(chain).fault == Fault("broken", 9, "entry 9 was changed after it was written")
    assert look(chain).head.seq == 8


def test_an_entry_that_was_removed_is_missing(chain: Connection[Any]) -> None:
    tamper(chain, "DELETE FROM audit_log WHERE seq = 9")

    assert look(chain).fault == Fault("broken", 9, "entry 9 is missing")


def test_an_entry_with_a_new_hash_no_longer_leads_to_the_next(chain: Connection[Any]) -> None:
    ((seq, at, actor, action, subject, body, prev),) = chain.execute(
        "SELECT seq, at, actor, action, subject, body, prev FROM audit_log WHERE seq = 9"
    ).fetchall()
    at_us = (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    forged = hash_entry(seq, at_us, ("eve", action, subject, body), prev).hex()
    tamper(chain, f"UPDATE audit_log SET actor = 'eve', hash = decode('{forged}', 'hex') WHERE seq = {seq}")

    assert actor == "mia"
    assert look(chain).fault == Fault("broken", 10, "entry 10 does not follow entry 9: one of them was replaced")


def test_a_cut_end_is_found_by_the_end_that_is_stored(chain: Connection[Any]) -> None:
    tamper(chain, "DELETE FROM audit_log WHERE seq > 16")

    fault = look(chain).fault
    assert fault is not None
    assert (fault.kind, fault.seq) == ("went_back", 17)


def test_a_cut_end_is_found_by_the_last_verification(chain: Connection[Any]) -> None:
    assert check_chain(chain, NOW, lambda *_: None).fault is None
    tamper(chain, *CUT)

    fault = check_chain(chain, NOW, lambda *_: None).fault
    assert fault is not None
    assert (fault.kind, fault.seq) == ("went_back", 17)


def test_a_cut_end_that_grew_again_is_found_by_an_end_kept_elsewhere(chain: Connection[Any]) -> None:
    kept = read_head(chain)
    tamper(chain, *CUT)
    with chain.transaction():
        append_all(chain, [Entry("eve", "test.do", "other", b"{}")] * 9, NOW)

    assert look(chain).fault is None
    assert look(chain, kept).fault == Fault("went_back", 21, "entry 21 is not the one that it was")


def test_an_entry_beyond_the_end_is_found(chain: Connection[Any]) -> None:
    chain.execute(
        "INSERT INTO audit_log SELECT 22, at, actor, action, subject, body, hash, sha256(hash) FROM audit_log"
        " WHERE seq = 21"
    )

    fault = look(chain).fault
    assert fault is not None
    assert (fault.kind, fault.seq) == ("broken", 22)


def test_an_end_with_another_hash_is_found(chain: Connection[Any]) -> None:
    chain.execute("UPDATE audit_head SET hash = sha256('')")

    fault = look(chain).fault
    assert fault is not None
    assert (fault.kind, fault.seq) == ("broken", 21)


def test_what_is_undone_is_in_no_chain(chain: Connection[Any]) -> None:
    before = read_head(chain)
    with chain.transaction(force_rollback=True):
        append(chain, "mia", "test.do", "it", body=b"{}", at=NOW)

    assert (read_head(chain), look(chain)) == (before, Verified(before))


def test_entries_of_several_sessions_have_one_order(database: str) -> None:
    def work(name: str) -> None:
        with open_ledger(database) as connection:
            for n in range(20):
                with connection.transaction():
                    append(connection, name, "test.do", str(n), body=b"{}", at=NOW)

    threads = [threading.Thread(target=work, args=(f"writer {n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=HANGS_AFTER_S)

    with open_ledger(database) as connection:
        assert look(connection) == Verified(read_head(connection))
        assert read_head(connection).seq == 81


def read_seq(chain: Connection[Any]) -> float:
    """The length of the chain, as a worker exports it."""
    metrics = WorkerMetrics([])
    metrics.refresh(chain)
    line = re.search(rb"^postledger_audit_seq (\S+)$", metrics.render(), re.MULTILINE)
    assert line is not None
    return float(line[1])


def test_scenario_32_audit(cli: CommandLine, chain: Connection[Any], tmp_path: Path) -> None:
    before = read_seq(chain)
    tamper(chain, "UPDATE audit_log SET actor = 'bob' WHERE seq = 7")
    changed = cli("audit", "verify")
    tamper(chain, "UPDATE audit_log SET actor = 'mia' WHERE seq = 7")
    in_order = cli("audit", "verify")
    tamper(chain, *CUT)
    cut, after = cli("audit", "verify"), read_seq(chain)

    assert (changed.code, in_order.code, cut.code) == (1, 0, 1)
    assert "entry 7 was changed after it was written; see the runbook AuditChainBroken" in changed.err
    assert "its end was cut off; see the runbook AuditWentBack" in cut.err
    assert (before, after) == (21, 16)
    length = {"postledger_audit_seq": [before] * 5 + [after] * 5}
    with pytest.raises(AssertionError, match="AuditWentBack"):
        assert_nothing_fires(length, beat_s=60, folder=tmp_path)


def test_commands_print_the_chain_and_what_is_wrong_with_it(cli: CommandLine, chain: Connection[Any]) -> None:
    head = cli("audit", "head").out.strip()
    verified = cli("audit", "verify", "--head", head)
    entries = cli("audit", "list", "--subject", "thing 3", "--json").facts
    tamper(chain, "UPDATE audit_log SET actor = 'bob' WHERE seq = 5")
    broken = cli("audit", "verify", "--json")

    assert head == str(read_head(chain))
    assert verified.out == f"21 entries in order, up to {head}\n"
    assert [(each["seq"], each["actor"], each["body"]) for each in entries] == [(5, "mia", {"n": 3})]
    assert broken.code == 1
    assert broken.err == "postledger: entry 5 was changed after it was written; see the runbook AuditChainBroken\n"
    assert cli("audit", "verify", "--head", "7:abc").err.startswith("postledger: --head must be SEQ:HASH")

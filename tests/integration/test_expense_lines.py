"""From booked postbacks to expense lines, and what an operator does with them."""

import hashlib
import json
from threading import Thread
from typing import Any

import psycopg
import pytest

from postledger.bootstrap.mapping import check_and_record
from postledger.finance.current_books import CurrentBooks
from postledger.finance.map_changes import Mapper
from postledger.ledger.dispatch import dispatch
from postledger.ledger.rules.status_rules import Rules
from postledger.ledger.writer import write_entries
from postledger.notifications.announce import announce_requests
from postledger.reconciliation.invariants import INVARIANTS
from postledger.vocabulary.selftest import SELFTEST
from tests.parts.cli import CommandLine
from tests.parts.databases import fetch
from tests.parts.entries import entry_of, same_again
from tests.parts.mapping import (
    FINANCE,
    RULE,
    WAITING_FOR_THE_DISPATCHER,
    configure,
    hand_over_everything,
    lines_of,
    load,
    map_all,
    open_ledger,
)
from tests.parts.sources import add_click, add_source
from tests.parts.waiting import wait_until

UNDECIDED = """
WITH rule AS (INSERT INTO approval_rules VALUES (1, 0, 'over-100', '{}', '2026-01-01', 'mia'))
UPDATE expense_lines SET approved_by_rule = NULL
"""
WRONG_REQUEST = """
WITH request AS (
    INSERT INTO approvals (
        id, subject, subject_id, rule, rule_version, amount, currency, step, steps, state, content_sha256, created_at
    )
    SELECT id, 'line', 'any', 'over-100', 1, 0.51, 'USD', 0, '{manager}', 'waiting', '', now() FROM expense_lines
)
INSERT INTO approval_lines SELECT dedup_key, seq, id FROM expense_lines
"""


@pytest.fixture(autouse=True)
def click(database: str) -> None:
    """The click of affiliate 456."""
    add_click(database, "C1", None, "456")


def book(url: str, number: int = 1, **fields: Any) -> None:
    """Book one postback of T1 to T{number} each, and hand them over."""
    ids = [f"T{index}" for index in range(1, number + 1)]
    with open_ledger(url) as ledger:
        write_entries(ledger, [entry_of(**{"transaction_id": one, "payout": "0.50", **fields}) for one in ids])


def unmapped(cli: CommandLine) -> list[str]:
    return [row["unmapped"] for row in cli("expenses", "list", "--unmapped", "--json").facts]


def check(cli: CommandLine) -> dict[str, Any]:
    ran = cli("finance", "check", "--json")
    assert ran.code == 0, ran.out
    return dict(cli("finance", "check", "--json").facts)


def test_scenario_01_first_sale(cli: CommandLine, database: str) -> None:
    configure(cli)
    fetch(database, "UPDATE clicks SET campaign_id = 1 RETURNING 1")
    book(database, event="sale")

    ran = cli.process("worker", "--once", "--only", "map")

    assert ran.code == 0, ran.err
    (line,) = cli("expenses", "show", "T1", "--json").facts
    assert (line["amount"], line["currency"], line["category"], line["payee"], line["unmapped"]) == (
        "0.50", "USD", "Affiliate Commission — Spring sale", "456", None,
    )  # fmt: skip
    assert "Affiliate Commission — Spring sale" in cli("trace", "T1").out
    (batch,) = cli("audit", "list", "--action", "lines.map", "--json").facts
    facts = [line["dedup_key"], 1, line["id"], "0.50", "USD", "456", line["account"] or None, line["rule"]]
    digest = hashlib.sha256(json.dumps(facts, separators=(",", ":")).encode() + b"\n").hexdigest()
    assert batch["body"] == {"lines": 1, "sha256": digest}
    assert not any(check(cli).values())


def test_scenario_10_reversed_and_approved_again_within_a_second(cli: CommandLine, database: str) -> None:
    configure(cli)
    rules = Rules(may_reapprove=True)
    for status in ("approved", "rejected", "approved"):
        book(database, status=status, rules=rules)

    map_all(database)
    map_all(database)

    assert lines_of(database) == [("accrual", "0.50", "USD", "456", None)]


def test_scenario_11_the_same_postback_a_hundred_times(cli: CommandLine, database: str) -> None:
    configure(cli)
    entry = entry_of(transaction_id="T1", payout="0.50")
    with open_ledger(database) as ledger:
        for _ in range(4):
            write_entries(ledger, [entry, *(same_again(entry) for _ in range(24))])
            hand_over_everything(database)
            kill_a_mapper_before_its_commit(database)
    map_all(database)

    assert lines_of(database) == [("accrual", "0.50", "USD", "456", None)]


def count_nothing(result: str, number: int) -> None:
    raise AssertionError(f"{number} {result} were counted before their commit")


def kill_a_mapper_before_its_commit(url: str) -> None:
    """End the session of a dispatcher that has written its lines."""
    mapper = Mapper(CurrentBooks(lambda: load(url)), count_nothing, announce_requests)

    def end_session(connection: psycopg.Connection[Any], *_: object) -> None:
        fetch(url, "SELECT pg_terminate_backend(%s, 5000)", (connection.info.backend_pid,))

    with open_ledger(url) as ledger, pytest.raises(psycopg.OperationalError):
        dispatch(ledger, [mapper, end_session])


def test_scenario_12_rule_fixed(cli: CommandLine, database: str) -> None:
    configure(cli, FINANCE)
    book(database, 500, payout="6.24")
    assert map_all(database) == {"unmapped": 500}
    assert cli("expenses", "remap", "--dry-run").out == "nothing to add\n"
    assert len(unmapped(cli)) == 500

    configure(cli, FINANCE, RULE)
    previewed = cli("expenses", "remap", "--dry-run").out
    assert len(unmapped(cli)) == 500
    remapped = cli("expenses", "remap").out

    assert previewed.startswith("+500 lines, 3 120.00 USD\n")
    assert remapped == previewed
    assert unmapped(cli) == []
    assert cli("expenses", "remap").out == "nothing to add\n"
    assert fetch(database, "SELECT count(*), sum(amount)::text FROM expense_lines WHERE payee = '456'") == [
        (500, "3120.00")
    ]
    assert not any(check(cli).values())


def test_unmapped_money_that_was_taken_back_is_not_listed(cli: CommandLine, database: str) -> None:
    configure(cli, FINANCE)
    book(database, transaction_id="T1")
    book(database, transaction_id="T2")
    map_all(database)
    book(database, transaction_id="T1", status="rejected")
    map_all(database)

    assert [row["transaction_id"] for row in cli("expenses", "list", "--unmapped", "--json").facts] == ["T2"]
    assert len(cli("expenses", "list", "--json").facts) == 3


def test_a_remap_of_many_lines_wants_yes(cli: CommandLine, database: str) -> None:
    configure(cli, FINANCE)
    book(database, 501, payout="1")
    map_all(database)
    configure(cli, FINANCE, RULE)

    refused, accepted = cli("expenses", "remap"), cli("expenses", "remap", "--yes")

    assert (refused.code, refused.err.count("\n")) == (1, 1)
    assert "this would add 1002 lines (+501 lines, 501 USD; unmapped: +501 lines, -501 USD)" in refused.err
    assert accepted.out.startswith("+501 lines, 501 USD\n")


def test_a_remap_moves_open_months_to_a_changed_rule_and_leaves_locked_ones(cli: CommandLine, database: str) -> None:
    configure(cli)
    book(database, transaction_id="T1", event_time="2026-10-15T12:00:00Z")
    book(database, transaction_id="T2", event_time="2026-11-15T12:00:00Z")
    map_all(database)
    fetch(database, "INSERT INTO periods VALUES ('2026-10-01', 'locked', 1, now(), 'test') RETURNING 1")
    configure(cli, FINANCE, RULE.replace("100%", "50%"))

    remapped = cli("expenses", "remap", "--json").facts

    assert (remapped["lines"], remapped["money"]) == (1, {"USD": "-0.25"})
    assert fetch(database, "SELECT period::text, sum(amount)::text FROM expense_lines GROUP BY 1 ORDER BY 1") == [
        ("2026-10-01", "0.50"),
        ("2026-11-01", "0.25"),
    ]
    assert not any(check(cli).values())


def test_conversions_before_the_start_and_of_the_selftest_get_no_lines(
    cli: CommandLine, database: str, master_key: str
) -> None:
    book(database)
    configure(cli)
    source_id = add_source(database, master_key, SELFTEST)
    book(database, transaction_id="T2")
    fetch(database, "UPDATE conversions SET source_id = %s WHERE transaction_id = 'T2' RETURNING 1", (source_id,))
    hand_over_everything(database)

    assert map_all(database) == {}

    assert lines_of(database) == []
    assert not any(check(cli).values())


def test_a_backfill_maps_earlier_conversions_and_moves_the_start_back(cli: CommandLine, database: str) -> None:
    book(database, 3)
    configure(cli)
    map_all(database)

    previewed = cli("expenses", "backfill", "--since", "1h", "--dry-run").out
    done = cli("expenses", "backfill", "--since", "1h", "--json").facts
    again = cli("expenses", "backfill", "--since", "1h", "--rate", "2", "--json").facts
    map_all(database)

    assert previewed == "+3 lines, 1.50 USD\n"
    assert (done["conversions"], again["conversions"]) == (3, 0)
    assert lines_of(database) == [("accrual", "0.50", "USD", "456", None)] * 3
    assert not any(check(cli).values())


def test_without_books_each_command_says_what_to_do(cli: CommandLine, database: str) -> None:
    book(database)
    map_all(database)

    for command in (("finance", "check"), ("expenses", "remap"), ("expenses", "backfill", "--since", "1d")):
        ran = cli(*command)

        assert (ran.code, ran.err) == (
            1,
            "postledger: there are no books; add [finance] to the configuration and run: postledger apply FILE\n",
        )
    assert lines_of(database) == []


def test_a_list_is_filtered_and_its_csv_is_no_formula(cli: CommandLine, database: str) -> None:
    configure(cli)
    book(database, transaction_id="=HYPERLINK(1)")
    book(database, transaction_id="T2", event="sale")
    map_all(database)

    listed = cli("expenses", "list", "--csv", "--event", "conversion").out

    assert len(listed.splitlines()) == 2
    assert "'=HYPERLINK(1)" in listed
    assert len(cli("expenses", "list", "--period", "2000-01", "--json").facts) == 0
    assert len(cli("expenses", "list", "--payee", "456", "--limit", "1", "--json").facts) == 1
    assert cli("expenses", "list", "--source", "nobody").err == (
        "postledger: source nobody does not exist; check the name\n"
    )


@pytest.mark.parametrize(
    ("damage", "invariant"),
    [
        ("UPDATE conversions SET payout = 7", "lines_sum_to_worth"),
        ("DELETE FROM expense_lines", "conversions_have_lines"),
        ("UPDATE expense_lines SET seq = 2", "lines_in_order"),
        ("UPDATE expense_lines SET payee = NULL", "mapped_lines_complete"),
        ("UPDATE expense_lines SET payee = 'other'", "lines_as_mapped"),
        (UNDECIDED, "money_decided"),
        (WRONG_REQUEST, "requests_as_lines"),
    ],
)
def test_a_check_names_the_conversion_that_is_broken(
    cli: CommandLine, database: str, damage: str, invariant: str
) -> None:
    configure(cli)
    book(database)
    map_all(database)
    ((conversion_id,),) = fetch(database, "SELECT id::text FROM conversions")
    assert not any(check(cli).values())
    with open_ledger(database) as ledger:
        ledger.execute("ALTER TABLE expense_lines DISABLE TRIGGER USER")
        ledger.execute(damage.encode())

    ran = cli("finance", "check")

    assert ran.code == 1
    assert f"BROKEN  {invariant}\n        conversion {conversion_id}: " in ran.out


def test_the_check_of_a_worker_is_kept_for_the_alert(cli: CommandLine, database: str) -> None:
    configure(cli)
    book(database)
    map_all(database)
    with open_ledger(database) as ledger:
        check_and_record(False, ledger, {}, lambda _done, _total: None)
        ledger.execute("UPDATE conversions SET payout = 9")

        check_and_record(False, ledger, {}, lambda _done, _total: None)

    assert dict(fetch(database, "SELECT invariant, broken FROM invariant_checks")) == {
        **dict.fromkeys(INVARIANTS, 0), "lines_sum_to_worth": 1,
    }  # fmt: skip


def test_a_conversion_that_no_rule_accrued_in_its_time_is_not_broken(cli: CommandLine, database: str) -> None:
    configure(cli, FINANCE)
    book(database, status="pending")
    map_all(database)
    configure(cli, FINANCE, RULE, 'accrue = ["pending", "approved"]')

    assert map_all(database) == {}

    assert lines_of(database) == []
    assert not any(check(cli).values())


def test_lines_cannot_be_changed_or_deleted(cli: CommandLine, database: str) -> None:
    configure(cli)
    book(database)
    map_all(database)

    for statement in ("UPDATE expense_lines SET amount = 1", "DELETE FROM expense_lines", "TRUNCATE expense_lines"):
        with open_ledger(database) as ledger, pytest.raises(psycopg.errors.InsufficientPrivilege):
            ledger.execute(statement.encode())


def test_a_conversion_that_arrives_while_the_books_are_opened_gets_its_line(cli: CommandLine, database: str) -> None:
    took: list[bool] = []

    def open_books(_connection: object, _changes: object, _now: object) -> None:
        applying.start()
        wait_until(lambda: fetch(database, WAITING_FOR_THE_DISPATCHER) == [(1,)], what="the wait of apply")
        took.append(True)

    applying = Thread(target=configure, args=(cli,))
    book(database)
    with open_ledger(database) as ledger:
        dispatch(ledger, [open_books])
    applying.join()
    book(database, transaction_id="T2")
    map_all(database)

    assert took == [True]
    assert fetch(database, "SELECT transaction_id FROM conversions JOIN expense_lines USING (dedup_key)") == [("T2",)]
    assert not any(check(cli).values())

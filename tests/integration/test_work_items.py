"""People work on what a run of `reconcile` found: list, assign, note, dispute, resolve."""

import csv
import io
import json
import threading
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from psycopg import Connection

from postledger.platform.postgres.connection import connect
from tests.parts.cli import CommandLine, Ran
from tests.parts.databases import fetch
from tests.parts.sources import add_source
from tests.parts.waiting import HANGS_AFTER_S, wait_until
from tests.parts.work_items import write_item

WAITING = """
    SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""
NOTES = """
    SELECT items.id, notes.actor, notes.action, notes.note FROM discrepancy_notes AS notes
    JOIN discrepancies AS items ON items.key = notes.key WHERE notes.nth > 1 ORDER BY items.id, notes.nth
"""


@pytest.fixture
def ledger(database: str) -> Iterator[Connection[Any]]:
    with connect(database, name="test", statement_timeout_ms=60_000) as connection:
        yield connection


@pytest.fixture
def people(cli: CommandLine, database: str, master_key: str) -> CommandLine:
    """A ledger with one source, two people who work, and one who only looks."""
    add_source(database, master_key, "acme")
    for login, role in (("mia", "operator"), ("bob", "operator"), ("vic", "viewer")):
        assert cli("user", "add", login, "--role", role).code == 0
    return cli


def show(cli: CommandLine, item: int) -> Any:
    return cli("discrepancies", "show", str(item), "--json").facts


def listed(cli: CommandLine, *filters: str) -> list[int]:
    return [row["id"] for row in cli("discrepancies", "list", "--json", *filters).facts]


def history(cli: CommandLine) -> list[tuple[Any, ...]]:
    return fetch(cli.environment["DATABASE_URL"], NOTES)


def test_the_highest_stake_stands_first_and_settled_items_last(ledger: Connection[Any], people: CommandLine) -> None:
    gone = write_item(ledger, "90", state="gone")
    settled = write_item(ledger, "80", state="resolved")
    low, high = write_item(ledger, "5"), write_item(ledger, "50", state="disputed")

    assert listed(people) == [high, low, settled, gone]


def test_a_list_is_filtered(ledger: Connection[Any], people: CommandLine) -> None:
    one = write_item(ledger, "9")
    two = write_item(ledger, "8", item_class="missing_at_network", state="disputed", owner="mia")
    three = write_item(ledger, "7", period=date(2026, 9, 1), state="assigned", owner="bob")

    assert listed(people, "--period", "2026-10") == [one, two]
    assert listed(people, "--class", "missing_at_network") == [two]
    assert listed(people, "--state", "open", "--state", "assigned") == [one, three]
    assert listed(people, "--owner", "MIA") == [two]
    assert listed(people, "--source", "acme", "--limit", "1") == [one]


def test_a_row_has_stake_facts_and_state(ledger: Connection[Any], people: CommandLine) -> None:
    item = write_item(ledger, "5.00")

    (row,) = people("discrepancies", "list", "--json").facts
    (of_csv,) = csv.DictReader(io.StringIO(people("discrepancies", "list", "--csv").out))
    table = people("discrepancies", "list").out

    assert (row["id"], row["class"], row["source"], row["stake"], row["currency"], row["state"]) == (
        item, "amount_differs", "acme", "5.00", "USD", "open",
    )  # fmt: skip
    assert row["facts"]["network"] == {"amount": "15.00", "status": "approved"}
    assert (of_csv["id"], of_csv["stake"], json.loads(of_csv["facts"])) == (str(item), "5.00", row["facts"])
    assert "subject" in row.keys() & of_csv.keys()
    assert "amount_differs" in table


def test_an_item_is_worked_on_until_it_is_resolved(ledger: Connection[Any], people: CommandLine) -> None:
    item = write_item(ledger)

    for words in (
        ("assign", str(item), "--to", "bob", "--as", "mia"), ("note", str(item), "asked acme", "--as", "bob"),
        ("dispute", str(item), "--note", "they owe us 5", "--as", "bob"),
        ("resolve", str(item), "--reason", "paid in November", "--as", "bob"),
    ):  # fmt: skip
        ran = people("discrepancies", *words)
        assert ran.code == 0, ran.err
    found = show(people, item)

    assert (found["state"], found["owner"], found["resolution"], found["version"]) == (
        "resolved", "bob", "paid in November", 5,
    )  # fmt: skip
    assert [(each["actor"], each["action"], each["note"]) for each in found["notes"]] == [
        ("postledger", "opened", None), ("mia", "assigned", "to bob"), ("bob", "note", "asked acme"),
        ("bob", "disputed", "they owe us 5"), ("bob", "resolved", "paid in November"),
    ]  # fmt: skip
    told = people("discrepancies", "show", str(item)).out
    assert "15.00" in told
    assert "paid in November" in told


def test_each_change_is_an_entry_of_the_chain(ledger: Connection[Any], people: CommandLine) -> None:
    item = write_item(ledger)

    people("discrepancies", "dispute", str(item), "--note", "canary", "--as", "mia")
    people("discrepancies", "resolve", str(item), "--reason", "canary", "--as", "mia")

    entries = people("audit", "list", "--action", "discrepancy", "--json").facts
    assert [(each["actor"], each["action"], each["subject"], each["body"]["state"]) for each in reversed(entries)] == [
        ("mia", "discrepancy.dispute", str(item), "disputed"),
        ("mia", "discrepancy.resolve", str(item), "resolved"),
    ]
    assert "canary" not in json.dumps(entries)
    assert people("audit", "verify").code == 0


def test_a_decision_keeps_the_facts_that_it_is_about(ledger: Connection[Any], people: CommandLine) -> None:
    item = write_item(ledger)

    people("discrepancies", "resolve", str(item), "--reason", "seen", "--as", "mia")

    columns = "settled_facts_sha256 = facts_sha256, settled_facts_sha256 IS NULL"
    assert fetch(people.environment["DATABASE_URL"], f"SELECT {columns} FROM discrepancies") == [(True, False)]


def test_many_items_are_changed_at_once_or_none(ledger: Connection[Any], people: CommandLine) -> None:
    items = [write_item(ledger, str(stake)) for stake in (3, 2, 1)]
    gone = write_item(ledger, state="gone")
    named = [str(each) for each in items]

    refused = people("discrepancies", "resolve", *named, str(gone), "--reason", "all", "--as", "mia")
    unknown = people("discrepancies", "resolve", *named, "999", "--reason", "all", "--as", "mia")
    before = listed(people, "--state", "open")
    ran = people("discrepancies", "resolve", "-", "--reason", "all", "--as", "mia", stdin="\n".join(named))

    why = "the last run did not find it, so nothing is left to decide; a note is possible"
    assert (refused.code, refused.err) == (1, f"postledger: work item {gone} is gone: {why}\n")
    assert (unknown.code, unknown.err) == (
        1, "postledger: work item 999 does not exist; run: postledger discrepancies list\n",
    )  # fmt: skip
    assert before == items
    assert ran.out.splitlines()[-1] == "3 work items changed"
    assert listed(people, "--state", "resolved") == items
    assert [row[1:] for row in history(people)] == [("mia", "resolved", "all")] * 3


def test_assigning_a_resolved_item_reopens_it(ledger: Connection[Any], people: CommandLine) -> None:
    item = write_item(ledger)
    people("discrepancies", "resolve", str(item), "--reason", "a mistake", "--as", "mia")

    ran = people("discrepancies", "assign", str(item), "--as", "mia", "--json")

    assert [(row["state"], row["owner"]) for row in ran.facts] == [("assigned", "mia")]
    assert [row[2:] for row in history(people)] == [
        ("resolved", "a mistake"), ("reopened", None), ("assigned", "to mia"),
    ]  # fmt: skip


def test_who_is_second_learns_who_was_first(ledger: Connection[Any], people: CommandLine) -> None:
    item = write_item(ledger)
    people("discrepancies", "resolve", str(item), "--reason", "mine", "--as", "mia")

    ran = people("discrepancies", "resolve", str(item), "--reason", "mine", "--as", "bob")

    assert ran.code == 1
    assert f"work item {item} is resolved already; leave it out, or add a note (mia did it at " in ran.err


def test_a_decision_that_waits_for_a_run_sees_what_the_run_changed(
    ledger: Connection[Any], people: CommandLine, database: str
) -> None:
    item, ran = write_item(ledger), list[Ran]()
    command = ("discrepancies", "resolve", str(item), "--reason", "fine", "--seen", "1", "--as", "mia")
    person = threading.Thread(target=lambda: ran.append(people.process(*command)))

    with ledger.transaction():
        ledger.execute("UPDATE discrepancies SET stake = 500, version = 2")
        person.start()
        wait_until(lambda: fetch(database, WAITING) == [(1,)], what="the person who decides")
    person.join(HANGS_AFTER_S)

    assert "content_changed" in ran[0].err


def test_a_decision_on_what_has_changed_meanwhile_is_refused(ledger: Connection[Any], people: CommandLine) -> None:
    item = write_item(ledger)
    people("discrepancies", "note", str(item), "look again", "--as", "bob")

    ran = people("discrepancies", "resolve", str(item), "--reason", "fine", "--seen", "1", "--as", "mia")

    assert (ran.code, show(people, item)["state"]) == (1, "open")
    assert "content_changed" in ran.err
    assert people("discrepancies", "resolve", str(item), "--reason", "fine", "--seen", "2", "--as", "mia").code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("show", "T-1"), "the id of a work item is a number, as postledger discrepancies list prints it"),
        (("show", "7"), "work item 7 does not exist; run: postledger discrepancies list"),
        (("list", "--source", "nobody"), "source nobody does not exist; run: postledger source list"),
        (("list", "--account", "main"), "bank account main does not exist"),
        (("list", "--state", "closed"), "--state must be one of open, assigned, disputed, resolved, accepted, gone"),
        (("list", "--period", "October"), "--period is not a month; write one such as 2026-10"),
        (("resolve", "1", "--reason", " ", "--as", "mia"), "the note or the reason is empty"),
        (("note", "hello", "--as", "mia"), "no work item is named; run: postledger discrepancies list"),
        (("assign", "1", "--to", "zoe", "--as", "mia"), "user zoe does not exist; run: postledger user list"),
        (("resolve", "1", "--reason", "x", "--as", "vic"), "user vic is a viewer and changes nothing"),
    ],
)
def test_a_mistake_is_one_line(people: CommandLine, arguments: tuple[str, ...], message: str) -> None:
    ran = people("discrepancies", *arguments)

    assert ran.code == 1
    assert message in ran.err
    assert len(ran.err.splitlines()) == 1


def test_nothing_is_assigned_to_a_viewer(ledger: Connection[Any], people: CommandLine) -> None:
    item = write_item(ledger)

    ran = people("discrepancies", "assign", str(item), "--to", "vic", "--as", "mia")

    assert ran.code == 1
    assert "user vic is a viewer and changes nothing; run: postledger user role --help" in ran.err
    assert (show(people, item)["state"], show(people, item)["owner"]) == ("open", None)


def test_amounts_of_a_table_have_the_digits_of_their_currency(ledger: Connection[Any], people: CommandLine) -> None:
    for stake, currency in (("70", "USD"), ("45.5", "EUR"), ("2.0", "JPY"), ("0.1", "KWD"), ("0.005", "USD")):
        write_item(ledger, stake, currency=currency)

    table = people("discrepancies", "list").out

    assert [line.split()[4:6] for line in table.splitlines()[1:]] == [
        ["70.00", "USD"], ["45.50", "EUR"], ["2", "JPY"], ["0.100", "KWD"], ["0.005", "USD"],
    ]  # fmt: skip
    assert "70.00" in people("discrepancies", "show", "1").out
    assert [row["stake"] for row in people("discrepancies", "list", "--json").facts] == [
        "70", "45.5", "2.0", "0.1", "0.005",
    ]  # fmt: skip


def test_a_late_item_names_the_class_that_it_would_have(ledger: Connection[Any], people: CommandLine) -> None:
    for late in ("restated", "status_differs"):
        write_item(ledger, "64.25", item_class="after_lock", facts={"class": late})
    write_item(ledger, "1.00")

    table = people("discrepancies", "list").out
    rows = csv.DictReader(io.StringIO(people("discrepancies", "list", "--csv").out))

    assert [line.split("  ")[1].strip() for line in table.splitlines()[1:]] == [
        "after_lock (restated)", "after_lock (status_differs)", "amount_differs",
    ]  # fmt: skip
    assert [(row["class"], row["late_class"]) for row in rows] == [
        ("after_lock", "restated"), ("after_lock", "status_differs"), ("amount_differs", ""),
    ]  # fmt: skip
    assert (show(people, 1)["class"], show(people, 1)["late_class"]) == ("after_lock", "restated")
    assert "after_lock (restated)" in people("discrepancies", "show", "1").out

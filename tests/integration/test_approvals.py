"""People decide requests: once, in the order of the steps, and never about their own."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from psycopg import Connection

from postledger.platform.postgres.connection import connect
from tests.parts.cli import CommandLine, Ran
from tests.parts.databases import fetch
from tests.parts.waiting import HANGS_AFTER_S, wait_until
from tests.parts.waiting_requests import write_change, write_payee, write_request, write_rule

DECISIONS = """
    SELECT approval_id::text, step, users.login, giver.login, decision, comment FROM approval_decisions
    JOIN users ON users.id = user_id LEFT JOIN users AS giver ON giver.id = for_user ORDER BY decided_at, step
"""

WAITING = """
    SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


@pytest.fixture
def ledger(database: str) -> Iterator[Connection[Any]]:
    with connect(database, name="test", statement_timeout_ms=60_000) as connection:
        write_rule(connection, "over-100", ["manager"])
        yield connection


@pytest.fixture
def people(cli: CommandLine) -> CommandLine:
    """A ledger with managers, a director, both in one, a manager who is a payee, and a viewer."""
    for login, *options in (
        ("mia", "manager"), ("bob", "manager"), ("dan", "director"), ("eve", "manager", "--role", "director"),
        ("pia", "manager", "--payee", "456"), ("vic", "viewer"), ("ole", "operator"),
    ):  # fmt: skip
        assert cli("user", "add", login, "--role", *options).code == 0
    return cli


def decided(cli: CommandLine) -> list[tuple[Any, ...]]:
    return fetch(cli.environment["DATABASE_URL"], DECISIONS)


def state(cli: CommandLine, request: str) -> str:
    return str(cli("approvals", "show", request, "--json").facts["state"])


def entries(cli: CommandLine) -> list[tuple[str, str, str]]:
    listed = cli("audit", "list", "--action", "approval", "--json").facts
    return [(each["actor"], each["action"], each["subject"]) for each in reversed(listed)]


def test_a_manager_approves_a_request(ledger: Connection[Any], people: CommandLine) -> None:
    request = write_request(ledger)

    ran = people("approvals", "approve", request.upper(), "--as", "mia", "--comment", "as agreed", "--json")

    assert ran.facts == [{"id": request, "state": "approved", "waits_for": None, "decision": "approve", "error": None}]
    assert decided(people) == [(request, 0, "mia", None, "approve", "as agreed")]
    assert entries(people) == [("mia", "approval.approve", request)]
    (row,) = people("approvals", "list", "--json").facts
    assert (row["id"], row["subject"], row["amount"], row["currency"], row["state"]) == (
        request, "line", "150", "USD", "approved",
    )  # fmt: skip
    assert people("audit", "verify").code == 0


@pytest.mark.parametrize(("verb", "after"), [("reject", "rejected"), ("return", "returned")])
def test_a_request_is_rejected_or_returned(ledger: Connection[Any], people: CommandLine, verb: str, after: str) -> None:
    request = write_request(ledger, steps=["manager", "director"])

    ran = people("approvals", verb, request, "--as", "mia")

    assert (ran.code, ran.out) == (0, f"{request}: {after}\n")
    assert state(people, request) == after
    assert entries(people) == [("mia", f"approval.{verb}", request)]


def test_a_chain_is_decided_step_by_step(ledger: Connection[Any], people: CommandLine) -> None:
    request = write_request(ledger, steps=["manager", "director"])

    too_early = people("approvals", "approve", request, "--as", "dan")
    first = people("approvals", "approve", request, "--as", "mia")
    again = people("approvals", "approve", request, "--as", "bob")
    last = people("approvals", "approve", request, "--as", "dan")

    assert too_early.err == "postledger: not_your_step: step 1 of 2 needs the role manager\n"
    assert first.out == f"{request}: approved; waits for director\n"
    assert again.err.startswith("postledger: already_decided: mia approved it at 20")
    assert last.out == f"{request}: approved\n"
    assert [row[1:4] for row in decided(people)] == [(0, "mia", None), (1, "dan", None)]


def test_scenario_04_approver_race(database: str, ledger: Connection[Any], people: CommandLine) -> None:
    request = write_request(ledger)
    ran: dict[str, Ran] = {}

    def approve(login: str) -> None:
        ran[login] = people.process("approvals", "approve", request, "--as", login)

    with connect(database, name="test", statement_timeout_ms=60_000) as other, other.transaction():
        other.execute("SELECT FROM approvals FOR UPDATE")
        threads = [threading.Thread(target=approve, args=(login,)) for login in ("mia", "bob")]
        for thread in threads:
            thread.start()
        wait_until(lambda: fetch(database, WAITING) == [(2,)], what="two who decide at once")
    for thread in threads:
        thread.join(HANGS_AFTER_S)

    (winner,), (loser,) = ([login for login in ran if ran[login].code == code] for code in (0, 1))
    assert ran[loser].err.startswith(f"postledger: already_decided: {winner} approved it at 20")
    assert [row[2] for row in decided(people)] == [winner]
    assert [entry[0] for entry in entries(people)] == [winner]


def test_the_same_decision_twice_is_one_decision(ledger: Connection[Any], people: CommandLine) -> None:
    request = write_request(ledger)

    first, second = (people("approvals", "approve", request, "--as", "mia", "--json") for _ in range(2))
    other = people("approvals", "reject", request, "--as", "mia")

    assert first.code == 0
    assert second.code == other.code == 1
    assert f'"id": "{request}"' in second.out
    assert '"state": "approved"' in second.out
    assert '"decided_by": "mia"' in second.out
    assert second.err == other.err
    assert second.err.startswith("postledger: already_decided: mia approved it at ")
    assert len(decided(people)) == len(entries(people)) == 1


def test_what_was_superseded_names_its_successor(ledger: Connection[Any], people: CommandLine) -> None:
    key = str(uuid4())
    old = write_request(ledger, key=key)
    ledger.execute("UPDATE approvals SET state = 'superseded', settled_at = now()")
    new = write_request(ledger, "90", key=key, seq=2)

    refused = people("approvals", "approve", old, "--as", "mia")

    assert refused.code == 1
    assert refused.err == (
        f"postledger: content_changed: what it holds has changed; look at {new}, which took its place\n"
    )
    assert decided(people) == []
    assert people("approvals", "approve", new, "--as", "mia").code == 0


def test_a_decision_on_other_content_is_refused(ledger: Connection[Any], people: CommandLine) -> None:
    request = write_request(ledger)
    content = people("approvals", "show", request, "--json").facts["content_sha256"]

    other = people("approvals", "approve", request, "--as", "mia", "--seen", "ab" * 32)
    bad = people("approvals", "approve", request, "--as", "mia", "--seen", "xyz")

    assert other.err.startswith("postledger: content_changed: it does not hold what you saw")
    assert bad.err.startswith("postledger: --seen must be")
    assert people("approvals", "approve", request, "--as", "mia", "--seen", content).code == 0


def test_another_bank_account_makes_a_new_request(ledger: Connection[Any], people: CommandLine) -> None:
    write_payee(ledger, account=b"a")
    old = write_request(ledger, steps=["manager", "director"])
    people("approvals", "approve", old, "--as", "mia")
    write_payee(ledger, account=b"b")

    refused = people("approvals", "approve", old, "--as", "dan")
    (new,) = people("approvals", "list", "--state", "waiting", "--json").facts

    assert f"content_changed: what it holds has changed; look at {new['id']}" in refused.err
    assert (new["amount"], new["step"], new["waits_for"]) == ("150", 0, "manager")
    assert len(people("approvals", "show", new["id"], "--json").facts["lines"]) == 1
    assert state(people, old) == "superseded"


@pytest.mark.parametrize(
    ("login", "words"),
    [
        ("pia", "pia is the payee"),
        ("bob", "bob caused it"),
        ("eve", "eve changed its rule within rule_cooling"),
        ("mia", "mia changed its rule within rule_cooling"),
        ("ada", "ada changed its rule within rule_cooling"),
    ],
)
def test_scenario_13_own_bill(ledger: Connection[Any], people: CommandLine, login: str, words: str) -> None:
    """Not the payee, not who caused it, who changed its rule or the payee."""
    people("user", "add", "ada", "--role", "manager")
    for subject, slug, actor in (
        ("approval_rule", "over-100", "eve"),
        ("rule", "spring", "mia"),
        ("payee", "456", "ada"),
    ):
        write_change(ledger, subject, slug, actor)
    request = write_request(ledger, created_by="bob")

    for verb in ("approve", "reject", "return"):
        refused = people("approvals", verb, request, "--as", login)

        assert refused.code == 1
        assert refused.err.startswith(f"postledger: four_eyes: {words}; another person decides")
    assert decided(people) == []
    assert request not in {row["id"] for row in people("approvals", "list", "--waiting-for", login, "--json").facts}


def test_a_rule_cools_down(ledger: Connection[Any], people: CommandLine) -> None:
    write_change(ledger, "approval_rule", "over-100", "mia", at=datetime.now(UTC) - timedelta(hours=25))
    write_change(ledger, "rule", "other", "mia")
    write_change(ledger, "payee", "457", "mia")

    assert people("approvals", "approve", write_request(ledger), "--as", "mia").code == 0


def test_who_made_another_approval_rule_laxer_waits_too(ledger: Connection[Any], people: CommandLine) -> None:
    """The laxer rule leaves the amount to this one, perhaps with fewer steps."""
    write_change(ledger, "approval_rule", "over-5000", "mia")

    refused = people("approvals", "approve", write_request(ledger), "--as", "mia")

    assert "four_eyes: mia changed its rule within rule_cooling" in refused.err


@pytest.mark.parametrize(("hours", "code"), [(23, 1), (25, 0)])
def test_no_one_ends_their_own_cooling(ledger: Connection[Any], people: CommandLine, hours: int, code: int) -> None:
    ledger.execute("UPDATE finance SET settings = settings || '{\"rule_cooling_s\": 1}'")
    at = datetime.now(UTC) - timedelta(hours=hours)
    write_change(ledger, "finance", "finance", "mia", at=at, keys=["rule_cooling_s"])

    assert people("approvals", "approve", write_request(ledger), "--as", "mia").code == code


def test_who_caused_an_earlier_request_does_not_decide_its_successor(
    ledger: Connection[Any], people: CommandLine
) -> None:
    key = str(uuid4())
    write_request(ledger, key=key, created_by="mia")
    ledger.execute("UPDATE approvals SET state = 'superseded', settled_at = now()")
    request = write_request(ledger, "90", key=key, seq=2)

    assert "four_eyes: mia caused it" in people("approvals", "approve", request, "--as", "mia").err


def test_a_person_decides_one_step_of_a_chain(ledger: Connection[Any], people: CommandLine) -> None:
    request = write_request(ledger, steps=["manager", "director"])
    people("user", "delegate", "dan", "--to", "mia", "--until", "2100-01-01")
    people("approvals", "approve", request, "--as", "mia")

    directly = people("approvals", "approve", request, "--as", "mia")
    people("user", "role", "mia", "--add", "director")
    with_both = people("approvals", "approve", request, "--as", "mia")

    for refused in (directly, with_both):
        assert refused.err.startswith("postledger: four_eyes: mia has decided another step of it")
    assert people("approvals", "approve", request, "--as", "eve").code == 0


def test_a_delegate_decides_between_two_dates(ledger: Connection[Any], people: CommandLine) -> None:
    requests = [write_request(ledger) for _ in range(2)]
    people("user", "delegate", "mia", "--to", "ole", "--since", "2100-01-01", "--until", "2100-02-01", "--as", "mia")

    too_early = people("approvals", "approve", requests[0], "--as", "ole")
    people("user", "delegate", "mia", "--to", "ole", "--until", "2100-01-01", "--as", "mia")
    as_delegate = people("approvals", "approve", requests[0], "--as", "ole")
    people("user", "disable", "mia")
    disabled = people("approvals", "approve", requests[1], "--as", "ole")

    assert too_early.err == disabled.err == "postledger: not_your_step: step 1 of 1 needs the role manager\n"
    assert as_delegate.code == 0
    assert decided(people) == [(requests[0], 0, "ole", "mia", "approve", None)]


def test_scenario_13_own_bill_delegated(ledger: Connection[Any], people: CommandLine) -> None:
    """Neither a delegate of the payee decides, nor who took what another one decides."""
    request = write_request(ledger)
    people("user", "delegate", "pia", "--to", "ole", "--until", "2100-01-01", "--as", "pia")

    for_payee = people("approvals", "approve", request, "--as", "ole")
    ledger.execute("UPDATE delegations SET from_user = (SELECT id FROM users WHERE login = 'mia'), created_by = 'ole'")
    taken = people("approvals", "approve", request, "--as", "ole")

    assert for_payee.err.startswith("postledger: four_eyes: pia is the payee")
    assert taken.err.startswith("postledger: not_your_step")


@pytest.mark.parametrize(
    ("login", "fault"),
    [
        ("ole", "not_your_step: step 1 of 1 needs the role manager"),
        ("vic", "user vic is a viewer and changes nothing"),
        ("nobody", "user nobody does not exist"),
        (None, "is no user of Postledger; say who decides with --as LOGIN"),
    ],
)
def test_others_decide_nothing(ledger: Connection[Any], people: CommandLine, login: str | None, fault: str) -> None:
    request = write_request(ledger)

    refused = people("approvals", "approve", request, *(() if login is None else ("--as", login)))

    assert refused.code == 1
    assert fault in refused.err
    assert len(refused.err.splitlines()) == 1
    assert decided(people) == []


def test_each_decides_for_itself_or_none(ledger: Connection[Any], people: CommandLine) -> None:
    good, own, other = write_request(ledger), write_request(ledger, created_by="mia"), write_request(ledger)
    unknown = str(uuid4())

    none = people("approvals", "approve", good, own, other, "--as", "mia", "--all-or-nothing")
    assert none.err == f"postledger: four_eyes: mia caused it; another person decides ({own})\n"
    assert decided(people) == []

    each = people("approvals", "approve", "-", "--as", "mia", stdin=f"{good}\n{own} {unknown}\n{other}\n{good}\n")
    assert each.code == 1
    assert each.out.splitlines() == [f"{good}: approved", f"{other}: approved", "2 requests approved"]
    assert each.err.splitlines() == [
        f"{own}: four_eyes: mia caused it; another person decides",
        f"{unknown}: unknown: no request has this id; run: postledger approvals list",
        "postledger: 2 of 4 requests refused; the others are decided",
    ]
    assert {row[0] for row in decided(people)} == {good, other}


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (("show", "nothing"), "request nothing does not exist; run: postledger approvals list"),
        (("approve", "nothing", "--as", "mia"), "unknown: no request has this id"),
        (("approve", "-", "--as", "mia"), "no request is named"),
        (("approve", "a", "b", "--seen", "ab", "--as", "mia"), "--seen belongs to one request"),
        (("approve", *["x"] * 10_001, "--as", "mia"), "too_many: at most 10000 requests"),
        (("approve", "a", "--comment", "x" * 2001, "--as", "mia"), "--comment must be text of at most 2000"),
        (("list", "--waiting-for", "nobody"), "user nobody does not exist"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(people: CommandLine, arguments: tuple[str, ...], fault: str) -> None:
    refused = people("approvals", *arguments)

    assert refused.code == 1
    assert refused.err.startswith(f"postledger: {fault}")
    assert len(refused.err.splitlines()) == 1


def test_requests_are_listed_and_shown(ledger: Connection[Any], people: CommandLine) -> None:
    first, second = write_request(ledger), write_request(ledger, "300", steps=["manager", "director"], payee="457")
    people("approvals", "approve", first, "--as", "mia", "--comment", "fine")

    def listed(*options: str) -> list[str]:
        return [row["id"] for row in people("approvals", "list", *options, "--json").facts]

    assert listed() == [second, first]
    assert listed("--state", "approved") == [first]
    assert listed("--payee", "457") == listed("--waiting-for", "mia") == listed("--limit", "1") == [second]
    assert listed("--waiting-for", "dan") == listed("--subject", "bill") == []
    assert "150" in people("approvals", "list").out
    shown = people("approvals", "show", first, "--json").facts
    assert [(each["decided_by"], each["comment"]) for each in shown["decisions"]] == [("mia", "fine")]
    assert [line["amount"] for line in shown["lines"]] == ["150"]
    assert "step 1: mia approved it at" in people("approvals", "show", first).out

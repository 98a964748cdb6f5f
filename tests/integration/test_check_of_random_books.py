"""`finance check` finds nothing in books that are right, whatever happened to them. A false alarm pages someone."""

import random
from typing import Any

from psycopg import Connection

from postledger.finance.approval.content import hash_contents
from postledger.finance.approval.decide import Decision, decide
from postledger.finance.rules.decision_rule import Verdict
from postledger.notifications.announce import announce_requests
from postledger.people.users import find_enabled_user
from postledger.platform.postgres.connection import read_clock
from postledger.reconciliation.invariants import INVARIANTS
from tests.parts.asked import A_DAY, OVER_100, configure_rules
from tests.parts.cli import CommandLine
from tests.parts.databases import fetch
from tests.parts.entries import new_receipt
from tests.parts.mapping import FINANCE, map_all, open_ledger

CONVERSIONS, CHANGED_A_STEP, STEPS = 150, 60, 7
NOTHING: dict[str, list[object]] = {name: [] for name in INVARIANTS}
CONFIGURATIONS = (
    "",
    '[[expense_rules]]\nslug = "third"\namount = "33.333333%"\ncategory = "Third"\nmatch = { event = ["sale"] }\n',
    '[[expense_rules]]\nslug = "early"\namount = "5 EUR"\ncategory = "Early"\naccrue = ["pending", "approved"]\n',
    (
        '[[expense_rules]]\nslug = "source"\namount = "70%"\ncategory = "Income"\ndirection = "receivable"\n'
        '[[payees]]\nid = "acme"\n'
    ),
    '[[expense_rules]]\nslug = "free"\namount = "0%"\ncategory = "Free"\naccrue = ["pending"]\n',
)
APPROVAL_RULES = (OVER_100, A_DAY)
VERDICTS: tuple[Verdict, ...] = ("approve", "reject", "return")
INSERT = """
INSERT INTO conversions (
    dedup_key, id, source_id, event, click_id, affiliate_id, status, payout, currency, created_at, updated_at
)
VALUES (%(key)s, %(key)s, 1, %(event)s, 'C1', %(affiliate)s, %(status)s, %(payout)s, %(currency)s, now(), now())
ON CONFLICT (dedup_key) DO UPDATE SET
    status = excluded.status, currency = excluded.currency, updated_at = excluded.updated_at,
    payout = coalesce(excluded.payout, conversions.payout), -- the ledger forgets none
    revision = coalesce(conversions.revision, 1) + 1
"""
HAND_OVER = "INSERT INTO outbox VALUES (clock_timestamp(), %s, %s, 1, 'updated')"


def test_books_that_are_right_cause_no_alarm(cli: CommandLine, database: str) -> None:
    chosen = random.Random(7)  # noqa: S311 - the same books in every run
    configure_rules(cli, *APPROVAL_RULES)
    keys, states = [new_receipt() for _ in range(CONVERSIONS)], set[str]()

    for step in range(STEPS):
        with open_ledger(database) as ledger:
            change(ledger, chosen, keys if step == 0 else chosen.sample(keys, CHANGED_A_STEP))
        map_all(database)
        assert cli("finance", "check", "--json").facts == NOTHING, f"step {step}"
        states |= decide_some(database)
        path = cli.write("books.toml", "".join((FINANCE, chosen.choice(CONFIGURATIONS), *APPROVAL_RULES)))
        assert cli("apply", path, "--prune", "--yes").code == 0
        if chosen.random() < 0.5:
            assert cli("expenses", "remap", "--yes").code == 0
        assert cli("finance", "check", "--json").facts == NOTHING, f"step {step}, after apply"
    check_contents(database)
    assert states == {"waiting", "approved", "rejected", "returned", "superseded"}


def decide_some(url: str) -> set[str]:
    """Let a manager decide three of eight requests that wait, and return all states that requests have then."""
    waiting = [key for (key,) in fetch(url, "SELECT id::text FROM approvals WHERE state = 'waiting'")]
    with open_ledger(url) as ledger:
        mia, now = find_enabled_user(ledger, "mia"), read_clock(ledger)
        for nth, verdict in enumerate(VERDICTS):
            if some := waiting[nth::8]:
                decide(ledger, mia, Decision(verdict, some), now, on_requests=announce_requests)
    return {state for (state,) in fetch(url, "SELECT DISTINCT state FROM approvals")}


def check_contents(url: str) -> None:
    """What was approved is what is payable: the content of an approved request is the one that was decided."""
    approved = fetch(
        url,
        "SELECT approvals.id::text, approvals.content_sha256, approval_decisions.content_sha256 FROM approvals"
        " JOIN approval_decisions ON approval_id = approvals.id WHERE state = 'approved'",
    )
    with open_ledger(url) as ledger:
        contents = hash_contents(ledger, [key for key, *_ in approved])
    assert all(bytes(bound) == bytes(decided) == contents[key] for key, bound, decided in approved)


def change(ledger: Connection[Any], chosen: random.Random, keys: list[str]) -> None:
    """Put conversions into any state, and hand them over."""
    for key in keys:
        state = {
            "key": key,
            "event": chosen.choice(["sale", "install"]),
            "affiliate": chosen.choice(["456", "457", None]),
            "status": chosen.choice(["pending", "approved", "approved", "rejected", "reversed"]),
            "payout": chosen.choice([None, "0", "0.000001", "12.34", "999999999999.999999"]),
            "currency": chosen.choice(["USD", "USD", "EUR", None]),
        }
        ledger.execute(INSERT.encode(), state)
        ledger.execute(HAND_OVER.encode(), (key, new_receipt()))

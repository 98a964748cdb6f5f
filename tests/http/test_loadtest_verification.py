"""The verification of load tests finds each kind of fault on a ledger that the real backend wrote."""

import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import msgspec
import psycopg
import pytest

from loadtests.acks import Ack, write_acks
from loadtests.verify import Verification, compare
from tests.http.conftest import Service
from tests.parts.sender import Sender
from tests.parts.sources import UNLIMITED, add_source

SLUG = "load-verified"


def record(service: Service, sender: Sender, transaction: str, **changes: str) -> Ack:
    """Send a postback and write down what was sent and answered, as a load test does."""
    fields = {"click_id": "known-click", "transaction_id": transaction, "payout": "12.50", "currency": "EUR"}
    kind = changes.pop("kind", "postback")
    sent = time.time()
    answer = service.send(sender.get({**fields, "status": "approved", **changes}))
    return Ack(
        answer.receipt or "", sent, sent, time.time() - sent, answer.code, answer.status or "", answer.reason or "",
        transaction, "12.50", "EUR", kind, SLUG, "conversion", changes.get("status", "approved"), "known-click", "", "",
    )  # fmt: skip


@pytest.fixture(scope="module")
def acks(service: Service, master_key: str) -> list[Ack]:
    """Two new conversions, a repeat, a change of status, and a forgery."""
    add_source(service.database, master_key, SLUG, settings={"click": "optional", **UNLIMITED})
    service.backend.wait_for_source(SLUG)
    sender, one, two, evil = Sender(SLUG), uuid4().hex, uuid4().hex, f"evil-{uuid4().hex}"
    return [
        record(service, sender, one),
        record(service, sender, one),
        record(service, sender, two, status="pending"),
        record(service, sender, two, status="approved"),
        record(service, Sender(SLUG, "not the secret of it"), evil, kind="forged"),
    ]


@pytest.fixture
def ledger(service: Service) -> Iterator[psycopg.Connection]:
    """A transaction on the ledger in which a test plants its fault; it is rolled back."""
    with psycopg.connect(service.database) as connection:
        yield connection
        connection.rollback()


def verified(ledger: psycopg.Connection, acks: list[Ack], folder: Path) -> Verification:
    """Write the acks to a file and compare it with the ledger."""
    write_acks(acks, folder / "acks.tsv")
    return compare(ledger, folder / "acks.tsv")


def broken(verification: Verification) -> list[str]:
    """The promises that were found broken."""
    return [finding.promise for finding in verification.findings if finding.broken]


def test_a_right_ledger_is_found_right(ledger: psycopg.Connection, acks: list[Ack], tmp_path: Path) -> None:
    verification = verified(ledger, acks, tmp_path)
    assert verification.is_good, verification.findings
    assert verification.answers == {"taken": 4, "not taken": 1}
    assert verification.booked == {"EUR": "25.00"}


def test_what_was_tried_in_the_sandbox_must_not_be_booked(
    ledger: psycopg.Connection, acks: list[Ack], tmp_path: Path
) -> None:
    tried = [msgspec.structs.replace(one, kind="tried") for one in acks[:1]]
    elsewhere = msgspec.structs.replace(acks[0], kind="tried", transaction="tried-1", receipt=str(uuid4()))

    right = verified(ledger, [*acks, elsewhere], tmp_path)
    ledger.rollback()
    wrong = verified(ledger, [*acks[1:], *tried], tmp_path)

    assert (broken(right), right.answers["tried"]) == ([], 1)
    assert broken(wrong) == ["nothing that was tried in the sandbox is on the ledger"]


AUDIT, ABSENT = "every accepted answer is in the audit", "each accepted conversion is on the ledger"
VERDICT, MONEY = "the audit has the verdict that was answered", "payout and currency are those that were sent"
STATUS, TWICE = "the status is the last one that was accepted", "no conversion is on the ledger twice"
REFUSED = "nothing refused is on the ledger"
CONVERSION = "transaction_id = %(first)s"
COPY = """
INSERT INTO conversions
SELECT (jsonb_populate_record(one, jsonb_build_object(
    'dedup_key', gen_random_uuid(), 'id', gen_random_uuid(), 'transaction_id', {transaction}
))).*
FROM conversions AS one WHERE transaction_id = %(first)s
"""
FAULTS = {
    "row gone": ("DELETE FROM postbacks WHERE id = %(receipt)s", AUDIT),
    "verdict off": ("UPDATE postbacks SET verdict = 'duplicate' WHERE id = %(receipt)s", VERDICT),
    "conversion gone": (f"DELETE FROM conversions WHERE {CONVERSION}", ABSENT),
    "a cent off": (f"UPDATE conversions SET payout = payout + 0.01 WHERE {CONVERSION}", MONEY),
    "currency off": (f"UPDATE conversions SET currency = 'USD' WHERE {CONVERSION}", MONEY),
    "status off": (f"UPDATE conversions SET status = 'reversed' WHERE {CONVERSION}", STATUS),
    "doubled": (COPY.format(transaction="%(first)s::text"), TWICE),
    "opened twice": (
        f"UPDATE postbacks SET verdict = 'accepted' WHERE verdict = 'duplicate' AND {CONVERSION}",
        "no conversion was opened twice",
    ),
    "never sent": (COPY.format(transaction="'phantom'::text"), "nothing is on the ledger that was never sent"),
    "forgery booked": (COPY.format(transaction="%(evil)s::text"), "no forgery is on the ledger"),
    "refusal booked": ("UPDATE postbacks SET verdict = 'accepted' WHERE id = %(refused)s", REFUSED),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found(ledger: psycopg.Connection, acks: list[Ack], tmp_path: Path, fault: str) -> None:
    plant, promise = FAULTS[fault]
    first, forged = acks[0], acks[4]
    names = {
        "first": first.transaction,
        "receipt": first.receipt,
        "evil": forged.transaction,
        "refused": forged.receipt,
    }
    assert ledger.execute(plant.encode(), names).rowcount == 1
    assert promise in broken(verified(ledger, acks, tmp_path))


def test_a_click_that_was_not_stored_is_found(ledger: psycopg.Connection, acks: list[Ack], tmp_path: Path) -> None:
    visit = {"kind": "click", "http": 302, "said": "redirected", "transaction": "", "payout": "", "receipt": ""}
    stored, lost = (_changed(acks[0], visit | {"click": click}) for click in ("known-click", "lost-click"))
    assert verified(ledger, [*acks, stored], tmp_path).is_good
    assert broken(verified_again(ledger, [*acks, lost], tmp_path)) == ["each redirected click is stored"]


def test_an_unknown_answer_may_be_booked_or_not(ledger: psycopg.Connection, acks: list[Ack], tmp_path: Path) -> None:
    cut = {"http": 0, "said": "", "reason": "cut", "receipt": ""}
    booked, absent = _changed(acks[0], cut), _changed(acks[0], cut | {"transaction": "never-arrived"})
    verification = verified(ledger, [booked, absent, *acks[1:]], tmp_path)
    assert broken(verification) == []
    assert verification.answers["unknown"] == 2


def test_a_log_without_a_request_is_not_good(ledger: psycopg.Connection, tmp_path: Path) -> None:
    assert not verified(ledger, [], tmp_path).is_good


def verified_again(ledger: psycopg.Connection, acks: list[Ack], folder: Path) -> Verification:
    """Compare once more on the same connection."""
    ledger.rollback()
    return verified(ledger, acks, folder)


def _changed(ack: Ack, changes: dict[str, object]) -> Ack:
    return Ack(**({name: getattr(ack, name) for name in Ack.__struct_fields__} | changes))

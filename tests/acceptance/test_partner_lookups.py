"""Receipts and samples through the edge: what a partner looks up with its token."""

from collections.abc import Iterator
from datetime import UTC, datetime
from threading import Thread
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest

from postledger.audit.erasure import erase
from tests.parts.sandbox_stack import LENIENT, SandboxStack, sandbox_stack
from tests.parts.sender import Postback, Sender
from tests.parts.sources import add_source
from tests.parts.waiting import wait_until

__all__ = ["sandbox_stack"]
ACME, BETA = Sender("acme"), Sender("beta")
KEYS = [
    "id", "received_at", "verdict", "reason", "parameter", "answered", "event", "status", "payout", "currency",
    "conversion", "since", "replayed_by", "forwarded",
]  # fmt: skip
LOCK = 0x6C6F7374
_HOLD_COMMIT = f"""
CREATE FUNCTION hold_commit() RETURNS trigger LANGUAGE plpgsql AS
'BEGIN PERFORM pg_advisory_xact_lock({LOCK}); RETURN NULL; END';
CREATE CONSTRAINT TRIGGER hold_commit AFTER INSERT ON public.conversions DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW WHEN (NEW.event = 'held') EXECUTE FUNCTION hold_commit()
"""


@pytest.fixture(scope="module")
def client(sandbox_stack: SandboxStack) -> Iterator[httpx.Client]:
    with sandbox_stack.edge.client() as client:
        yield client


@pytest.fixture(scope="module")
def token(sandbox_stack: SandboxStack, client: httpx.Client) -> dict[str, str]:
    """A token of acme that the edge knows already, so that it has the rate of partners."""
    token = sandbox_stack.token("acme")
    client.get("/receipts/none", headers=token)
    return token


def ask(client: httpx.Client, sender: Sender, **changes: str) -> httpx.Response:
    ids = {"click_id": f"C-{uuid4().hex}", "transaction_id": f"T-{uuid4().hex}"}
    return client.get(sender.get({**ids, "event": "sale", "payout": "1.50", **changes}).target)


def book(client: httpx.Client, sender: Sender = ACME, **changes: str) -> str:
    receipt: str = ask(client, sender, **changes).headers["x-request-id"]
    return receipt


def look_up(client: httpx.Client, receipt: str, token: dict[str, str]) -> dict[str, Any]:
    answer = client.get(f"/receipts/{receipt}", headers=token)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_receipt_says_what_became_of_a_postback(client: httpx.Client, token: dict[str, str]) -> None:
    receipt = book(client, status="pending")

    found = look_up(client, receipt, token)

    assert list(found) == KEYS
    received_at, conversion = found.pop("received_at"), found.pop("conversion")
    assert found == {
        "id": receipt, "verdict": "accepted", "reason": None, "parameter": None, "answered": {"http": 200},
        "event": "sale", "status": "pending", "payout": "1.50", "currency": "USD", "since": [], "replayed_by": None,
        "forwarded": None,
    }  # fmt: skip
    assert conversion == {"status": "pending", "updated_at": received_at, "contradicted_at": None}


def test_a_receipt_is_found_in_capitals(client: httpx.Client, token: dict[str, str]) -> None:
    receipt = book(client)

    assert look_up(client, receipt.upper(), token)["id"] == receipt


def test_a_receipt_of_a_refusal_names_its_reason(client: httpx.Client, token: dict[str, str]) -> None:
    found = look_up(client, book(client, payout="ten"), token)

    assert (found["verdict"], found["reason"], found["parameter"]) == ("refused", "invalid_parameter", "payout")
    assert (found["answered"], found["conversion"]) == ({"http": 400}, None)


def test_a_receipt_lists_what_came_later(client: httpx.Client, token: dict[str, str]) -> None:
    ids = {"click_id": "C-later", "transaction_id": f"T-{uuid4().hex}"}
    first = book(client, ACME, status="pending", **ids)
    later = [book(client, ACME, **said, **ids) for said in ({"status": "approved"}, {}, {"payout": "9"})]

    found = look_up(client, first, token)

    repeats = [(one["receipt"], one["verdict"]) for one in found["since"]]
    assert repeats == list(zip(later, ("updated", "duplicate", "refused"), strict=True))
    assert found["conversion"]["status"] == "approved"
    assert found["conversion"]["contradicted_at"] == found["since"][-1]["at"]


def test_a_receipt_names_its_replay_and_the_replay_has_one_too(
    sandbox_stack: SandboxStack, client: httpx.Client, token: dict[str, str]
) -> None:
    receipt = book(client)
    replayed = f"{receipt[:14]}8{receipt[15:]}"
    sandbox_stack.fetch(
        "INSERT INTO replayed_postbacks VALUES (%s, gen_random_uuid(), %s, now()) RETURNING 1", receipt, replayed
    )
    sandbox_stack.fetch(
        "INSERT INTO postbacks (id, received_at, source_id, method, verdict, raw, replay_of)"
        " SELECT %s, received_at, source_id, method, 'duplicate', raw, id FROM postbacks WHERE id = %s RETURNING 1",
        replayed, receipt,
    )  # fmt: skip

    assert look_up(client, receipt, token)["replayed_by"] == replayed
    assert look_up(client, replayed, token)["verdict"] == "duplicate"


def test_a_receipt_counts_forwards_and_names_none(
    sandbox_stack: SandboxStack, client: httpx.Client, token: dict[str, str]
) -> None:
    receipt = book(client)
    sandbox_stack.fetch(
        "INSERT INTO deliveries"
        " (dedup_key, forward, receipt, revision, is_backfill, state, attempts, due_at, created_at)"
        " SELECT dedup_key, 'secret-partner', id, 1, false, 'delivered', 1, now(), now() FROM conversions WHERE id = %s"
        " RETURNING 1",
        receipt,
    )

    found = look_up(client, receipt, token)

    assert found["forwarded"] == {"delivered": 1}
    assert "secret-partner" not in str(found)


def test_receipts_that_are_not_the_partners_all_look_the_same(
    sandbox_stack: SandboxStack, client: httpx.Client, token: dict[str, str]
) -> None:
    erased = [book(client, click_id="C-erased"), book(client, click_id="C-erased", payout="ten")]
    with psycopg.connect(sandbox_stack.database, autocommit=True) as connection:
        erase(
            connection, click_id="C-erased", actor="test", now=datetime.now(UTC),
            on_progress=lambda *_: None, pause=lambda _: None,
        )  # fmt: skip
    of_beta = book(client, BETA)
    changed = of_beta[:-1] + ("0" if of_beta[-1] != "0" else "1")
    of_none = [changed, str(uuid4()), "nonsense", "ffffffff-ffff-7fff-bfff-ffffffffffff"]

    answers = [client.get(f"/receipts/{one}", headers=token) for one in (*erased, of_beta, *of_none)]

    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    varying = ("x-request-id", "date")
    shown = [{name: value for name, value in one.headers.items() if name not in varying} for one in answers]
    assert all(headers == shown[0] for headers in shown)


@pytest.mark.parametrize("headers", [{}, {"Authorization": f"Bearer plt_{'a' * 43}"}])
def test_without_a_token_no_receipt_is_looked_up(
    sandbox_stack: SandboxStack, client: httpx.Client, headers: dict[str, str]
) -> None:
    # Past the edge, whose rate for strangers is low.
    with sandbox_stack.sandbox.client() as inside:
        answers = [inside.get(f"/receipts/{one}", headers=headers) for one in (book(client), "nonsense")]

    assert [answer.status_code for answer in answers] == [401, 401]


def test_the_status_is_that_which_the_network_requires(sandbox_stack: SandboxStack, client: httpx.Client) -> None:
    ack = {"accepted": {"body": "{transaction_id}:OK", "status": 201}, "refused": {"status": 403}}
    add_source(sandbox_stack.database, sandbox_stack.master_key, "walls", settings={**LENIENT, "ack": ack})
    walls, token = Sender("walls"), sandbox_stack.token("walls")
    wait_until(lambda: ask(client, walls, payout="1").status_code == 201, what="the backend knows walls")
    wait_until(lambda: client.get("/receipts/none", headers=token).status_code == 404, what="the sandbox knows walls")

    answers = [ask(client, walls, payout=said) for said in ("1", "ten")]

    found = [look_up(client, answer.headers["x-request-id"], token)["answered"]["http"] for answer in answers]
    assert found == [answer.status_code for answer in answers] == [201, 403]


def test_a_postback_that_was_booked_and_answered_503_says_so(
    sandbox_stack: SandboxStack, client: httpx.Client, token: dict[str, str]
) -> None:
    order = {"click_id": "C1", "transaction_id": f"T-{uuid4().hex}", "event": "held", "payout": "2.00"}
    with psycopg.connect(sandbox_stack.database, autocommit=True) as holder:
        holder.execute(_HOLD_COMMIT.encode())
        holder.execute("SELECT pg_advisory_lock(%s)", (LOCK,))
        answer = _send_and_kill(sandbox_stack, ACME.get(order), holder)
        holder.execute("SELECT pg_advisory_unlock(%s)", (LOCK,))
    count = "SELECT count(*) FROM conversions WHERE transaction_id = %s"
    wait_until(lambda: sandbox_stack.fetch(count, order["transaction_id"]) == [(1,)], what="the commit")

    found = look_up(client, answer.headers["x-request-id"], token)

    assert answer.status_code == 503
    assert (found["answered"], found["verdict"]) == ({"http": 503}, "accepted")
    assert found["note"] == "booked; the answer was lost"
    wait_until(lambda: client.get(ACME.get(order).target).json()["status"] == "duplicate", what="the repeat")


def _send_and_kill(stack: SandboxStack, postback: Postback, holder: psycopg.Connection[Any]) -> httpx.Response:
    """Send a postback, and kill the backend's worker while Postgres holds its commit back."""
    waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    answers: list[httpx.Response] = []

    def ask() -> None:
        with stack.edge.client() as client:
            answers.append(client.get(postback.target))

    thread = Thread(target=ask)
    thread.start()
    wait_until(lambda: holder.execute(waiting).fetchone() == (1,), what="the commit is held back")
    for pid in stack.backend.worker_pids():
        stack.backend.kill(pid)
    thread.join()
    return answers[0]


def test_each_sample_gets_its_answer_in_the_sandbox(client: httpx.Client, token: dict[str, str]) -> None:
    made = client.get("/sandbox/samples/acme", headers=token, params={"kind": "all", "n": "2"}).json()

    assert [one["kind"] for one in made["samples"][:2]] == ["valid", "valid"]
    for one in made["samples"]:
        # A token opens the sandbox of its own source alone.
        headers = one["headers"] if one["kind"] == "unknown_source" else {**one["headers"], **token}
        answer = client.request(one["method"], one["url"], headers=headers, content=one["body"] or None)
        assert {"http": answer.status_code, **_without(answer, *_ADDED)} == one["expect"], one["kind"]


_ADDED = ("id", "explanation")


def _without(answer: httpx.Response, *names: str) -> dict[str, Any]:
    return {name: value for name, value in answer.json().items() if name not in names}


def test_samples_are_made_as_they_are_asked_for(client: httpx.Client, token: dict[str, str]) -> None:
    wish = {"kind": "valid", "event": "deposit", "status": "pending", "n": "3"}

    made = client.get("/sandbox/samples/acme", headers=token, params=wish).json()

    assert (made["source"], made["left_out"], made["secret"], len(made["samples"])) == ("acme", {}, None, 3)
    assert all("event=deposit&status=pending" in one["url"] for one in made["samples"])
    assert "s3cret-current" not in str(made)


@pytest.mark.parametrize(
    ("name", "value"), [("kind", "strange"), ("n", "21"), ("n", "x"), ("status", "sold"), ("event", "bad event")]
)
def test_a_wrong_wish_is_named(client: httpx.Client, token: dict[str, str], name: str, value: str) -> None:
    answer = client.get("/sandbox/samples/acme", headers=token, params={name: value})

    assert (answer.status_code, _without(answer, "id")) == (
        400,
        {"status": "refused", "reason": "invalid_parameter", "parameter": name},
    )


def test_a_token_opens_the_samples_of_its_source_alone(client: httpx.Client, token: dict[str, str]) -> None:
    assert client.get("/sandbox/samples/beta", headers=token).status_code == 401
    assert client.get("/sandbox/samples/acme").status_code == 401


def test_what_partners_look_up_is_in_no_log(
    sandbox_stack: SandboxStack, client: httpx.Client, token: dict[str, str]
) -> None:
    receipt = book(client, transaction_id="T-canary-7731", payout="7731.25")
    look_up(client, receipt, token)

    last = client.get("/sandbox/samples/acme", headers=token)

    sandbox_stack.edge.log_line(last.headers["x-request-id"])
    logs = [str(sandbox_stack.edge.access_log()), sandbox_stack.edge.error_output(), sandbox_stack.sandbox.log_text()]
    canaries = ("7731", token["Authorization"].removeprefix("Bearer "), "postledger-sample-", f"/receipts/{receipt}")
    assert [canary for canary in canaries if any(canary in text for text in logs)] == []

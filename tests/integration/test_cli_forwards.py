"""`postledger forwards`: what operators see of the forwards, and what they can do."""

from collections.abc import Iterator
from typing import Any

import pytest
from psycopg import Connection

from postledger.outgoing.rules.forward import Forward, Match
from postledger.platform.keyring import Keyring
from postledger.platform.postgres.connection import connect
from postledger.vocabulary.statuses import Status
from tests.parts.cli import CommandLine
from tests.parts.forwarding import Forwarding, store_forward
from tests.parts.sinks import Reply, Sink
from tests.parts.sources import add_source

NOT_SENT = "0197a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b"


@pytest.fixture
def ledger(database: str) -> Iterator[Connection[Any]]:
    with connect(database, name="test", statement_timeout_ms=60_000) as connection:
        yield connection


@pytest.fixture
def forwarding(ledger: Connection[Any], database: str, master_key: str) -> Forwarding:
    return Forwarding(ledger, add_source(database, master_key, "acme"))


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink() as sink:
        yield sink


def add_forward(ledger: Connection[Any], url: str, **settings: Any) -> None:
    store_forward(ledger, Forward("voluum", url, allow_private=True, **settings))


def test_the_list_shows_what_waits_and_the_last_success(cli: CommandLine, forwarding: Forwarding, sink: Sink) -> None:
    forwarding.add_forward("voluum", sink.url)
    forwarding.book()
    forwarding.work()
    forwarding.book()

    (row,) = cli("forwards", "list", "--json").facts

    assert (row["slug"], row["circuit"], row["waiting"], row["failed"]) == ("voluum", "closed", 1, 0)
    assert row["oldest"] == row["last_success"] == forwarding.now.isoformat()
    assert "voluum" in cli("forwards", "list").out


def test_a_test_arrives_with_its_mark_and_is_recorded_nowhere(
    cli: CommandLine, ledger: Connection[Any], sink: Sink
) -> None:
    match = Match(source=("acme",), event=("lead*",), status=(Status.REVERSED,))
    add_forward(ledger, sink.url + "/p?cid={click_id}&s={source}&e={event}&st={status}&l={sub10}", match=match)

    ran = cli("forwards", "test", "voluum", "--json")

    assert (ran.facts["status"], ran.facts["is_delivered"]) == (200, True)
    (asked,) = sink.asked
    assert asked.target == "/p?cid=postledger-test&s=acme&e=leadtest&st=reversed&l=postledger-test"
    assert asked.headers["Postledger-Test"] == "1"
    assert ledger.execute("SELECT count(*) FROM delivery_attempts").fetchone() == (0,)


def test_a_refused_test_fails_with_its_status(cli: CommandLine, ledger: Connection[Any], sink: Sink) -> None:
    sink.reply = Reply(404)
    add_forward(ledger, sink.url)

    ran = cli("forwards", "test", "voluum")

    assert (ran.code, ran.out.startswith("HTTP 404, ")) == (1, True)
    assert ran.err == "postledger: the test was not accepted; docs/forwards.md lists the faults\n"


def test_a_dry_run_hides_the_secret_and_sends_nothing(
    cli: CommandLine, ledger: Connection[Any], sink: Sink, master_key: str
) -> None:
    forward = Forward("voluum", sink.url + "/p?key={secret}", allow_private=True)
    store_forward(ledger, forward, Keyring([master_key]).encrypt("s3cret-forward"))

    assert cli("forwards", "test", "voluum", "--dry-run").out == f"{sink.url}/p?key=***\n"
    assert sink.asked == []

    sent = cli("forwards", "test", "voluum")
    assert sink.targets == ["/p?key=s3cret-forward"]
    assert "s3cret-forward" not in sent.out + sent.err


def test_a_forward_that_is_off_sends_nothing_until_it_is_resumed(
    cli: CommandLine, forwarding: Forwarding, sink: Sink
) -> None:
    forwarding.add_forward("voluum", sink.url)
    forwarding.book()

    forwarding.connection.execute("INSERT INTO notify (settings, updated_at) VALUES ('{\"mail\": {}}', now())")
    assert cli("forwards", "off", "voluum").out == "voluum: off, 1 delivery waiting\n"
    forwarding.work()
    assert sink.asked == []
    noted = forwarding.connection.execute("SELECT kind, subject_id, channel FROM notifications").fetchall()
    assert noted == [("forward_off", "voluum", "mail")]

    assert cli("forwards", "resume", "voluum", "--json").facts == {"slug": "voluum", "circuit": "closed", "waiting": 1}
    forwarding.work()
    assert len(sink.asked) == 1


def test_a_failed_delivery_is_sent_again(cli: CommandLine, forwarding: Forwarding, sink: Sink) -> None:
    sink.reply = Reply(410)
    forwarding.add_forward("voluum", sink.url)
    forwarding.book()
    forwarding.work()
    assert forwarding.states() == ["failed"]

    sink.reply = Reply()
    assert cli("forwards", "retry", "voluum", "--json").facts == {"failed": 1, "waiting": 0, "held": {}}
    forwarding.pass_time(days=3650)  # the command knows the time of day, the ledger of the test does not

    assert forwarding.states() == ["delivered"]
    assert forwarding.attempts() == [(1, 410, None), (2, 200, None)]


def test_a_receipt_chooses_one_delivery(cli: CommandLine, forwarding: Forwarding, sink: Sink) -> None:
    sink.reply = Reply(503)
    forwarding.add_forward("voluum", sink.url)
    forwarding.book()
    forwarding.book()
    forwarding.work()
    forwarding.connection.execute("UPDATE deliveries SET due_at = 'infinity'")
    row = forwarding.connection.execute("SELECT receipt::text FROM deliveries LIMIT 1").fetchone()
    assert row is not None

    assert cli("forwards", "retry", "--receipt", row[0].upper(), "--json").facts["waiting"] == 1


@pytest.mark.parametrize(
    ("circuit", "why"),
    [
        ("off", "nothing is sent until it is resumed"),
        ("open", "one delivery each minute is sent as a probe"),
    ],
)
def test_a_retry_says_what_holds_it(cli: CommandLine, forwarding: Forwarding, circuit: str, why: str) -> None:
    forwarding.add_forward("voluum", "http://track.example/")
    forwarding.book()
    forwarding.book()
    forwarding.connection.execute("UPDATE deliveries SET state = 'failed', settled_at = now()")
    forwarding.connection.execute("UPDATE forwards SET circuit = %s", (circuit,))
    held = f"voluum is {circuit}: {why}; to send now: postledger forwards resume voluum"

    first, again = cli("forwards", "retry", "voluum"), cli("forwards", "retry", "voluum")

    assert first.out.splitlines() == ["due now: 2 failed, 0 waiting for the next attempt", held]
    assert again.out.splitlines() == ["due now: 0 failed, 0 waiting for the next attempt", held]


def test_the_list_counts_what_is_held_behind_an_earlier_change(cli: CommandLine, forwarding: Forwarding) -> None:
    forwarding.add_forward("voluum", "http://track.example/")
    key = forwarding.book()
    forwarding.book()
    forwarding.change(key, "reversed")

    (row,) = cli("forwards", "list", "--json").facts

    assert (row["waiting"], row["behind"]) == (3, 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("test", "nobody"), "forward nobody does not exist; run: postledger forwards list"),
        (("resume", "nobody"), "forward nobody does not exist; run: postledger forwards list"),
        (("off", "nobody"), "forward nobody does not exist; run: postledger forwards list"),
        (("retry", "nobody"), "forward nobody does not exist; run: postledger forwards list"),
        (("retry",), "name a forward, or a change with --receipt; run: postledger forwards list"),
        (
            ("retry", "--receipt", "TXN1"),
            "--receipt is not a receipt; postledger trace shows the receipts of a conversion",
        ),
        (
            ("retry", "--receipt", NOT_SENT),
            f"no delivery of {NOT_SENT} has failed or waits for its next attempt; nothing was changed",
        ),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(cli: CommandLine, arguments: tuple[str, ...], message: str) -> None:
    ran = cli("forwards", *arguments)

    assert (ran.code, ran.err) == (1, f"postledger: {message}\n")

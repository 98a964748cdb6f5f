"""What becomes of approved bills: a ledger, real folders and receivers, and a clock that the tests set."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

from postledger.finance.exports.queue import lease
from postledger.finance.exports.target import ExportedBill, Failed, Outcome, Refused, Sent, Unknown
from postledger.platform.postgres.connection import connect
from tests.parts.exporting import Exporting
from tests.parts.sinks import RawSink, Reply, Sink, hang

KEY, OLD_KEY = (
    "whsec_AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=",
    "whsec_AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=",
)
NUMBER = "2026-10-456-USD-1"


@pytest.fixture
def exporting(database: str, tmp_path: Path) -> Iterator[Exporting]:
    with connect(database, name="test", statement_timeout_ms=60_000) as connection:
        yield Exporting(connection, tmp_path)


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink() as sink:
        yield sink


class Scripted:
    """A target of other people: it answers what the test says, and keeps what it was asked."""

    def __init__(self, answer: Callable[[ExportedBill], Outcome] = lambda bill: Sent(f"ref {bill.number}")) -> None:
        self.answer = answer
        self.asked: list[tuple[str, bool]] = []

    def send(self, bill: ExportedBill, *, find_first: bool) -> Outcome:
        self.asked.append((bill.number, find_first))
        return self.answer(bill)

    def close(self) -> None:
        pass


def test_an_approved_bill_goes_to_every_target_once(exporting: Exporting, tmp_path: Path) -> None:
    exporting.add_target("books", "csv")
    exporting.add_target("archive", "json", path=str(tmp_path / "json"))
    exporting.add_bill()

    exporting.work()
    exporting.pass_time(hours=24)

    assert sorted(path.name for path in tmp_path.rglob("*.*")) == [f"{NUMBER}.csv", f"{NUMBER}.json"]
    assert exporting.facts("target", "state", "attempts", "reference") == [
        ("archive", "exported", 1, f"{NUMBER}.json"),
        ("books", "exported", 1, f"{NUMBER}.csv"),
    ]
    assert exporting.bill_states() == ["exported"]


@pytest.mark.parametrize("state", ["waiting", "carried", "cancelled", "exported"])
def test_no_other_bill_is_exported(exporting: Exporting, tmp_path: Path, state: str) -> None:
    exporting.add_target("books", "csv")
    exporting.add_bill(state=state)

    exporting.work()

    assert (exporting.states(), list(tmp_path.iterdir())) == ([], [])


def test_a_bill_is_exported_only_when_all_targets_have_it(exporting: Exporting) -> None:
    refusing = Scripted(lambda _: Refused("Account 6010 does not exist"))
    exporting.add_target("books", "csv")
    exporting.use("erp", refusing)
    exporting.add_bill()

    exporting.work()
    assert (exporting.states(), exporting.bill_states()) == (["exported", "refused"], ["approved"])

    exporting.retire("erp")
    exporting.work()
    assert exporting.bill_states() == ["exported"]


def test_without_a_target_no_bill_counts_as_exported(exporting: Exporting) -> None:
    exporting.add_bill()

    exporting.work()

    assert exporting.bill_states() == ["approved"]


def test_a_refused_bill_keeps_its_words_and_stops_no_other(exporting: Exporting) -> None:
    exporting.use("erp", Scripted(lambda bill: Refused("no, 20.00") if bill.number == NUMBER else Sent("42")))
    exporting.add_bill()
    exporting.add_bill(2)

    exporting.work()
    exporting.pass_time(days=7)

    assert exporting.states() == ["refused", "exported"]
    assert set(exporting.facts("fault", "reference")) == {("no, 20.00", None), (None, "42")}


def test_what_was_not_sent_is_sent_again_later(exporting: Exporting) -> None:
    target = Scripted(lambda _: Failed("connect"))
    exporting.use("erp", target)
    exporting.add_bill()

    exporting.work()
    assert exporting.facts("state", "fault", "due_at") == [
        ("waiting", "connect", exporting.now + timedelta(seconds=30))
    ]
    exporting.pass_time(seconds=29)
    assert target.asked == [(NUMBER, False)]

    target.answer = lambda _: Sent("42")
    exporting.pass_time(seconds=1)
    assert target.asked == [(NUMBER, False)] * 2
    assert exporting.facts("state", "fault", "reference") == [("exported", None, "42")]


def test_a_lost_answer_is_looked_up_before_it_is_sent_again(exporting: Exporting) -> None:
    target = Scripted(lambda _: Unknown("timeout"))
    exporting.use("erp", target)
    exporting.add_bill()
    exporting.work()
    assert exporting.states() == ["sent_unknown"]

    target.answer = lambda _: Failed("connect")
    exporting.pass_time(minutes=1)
    assert exporting.states() == ["sent_unknown"]
    target.answer = lambda _: Sent("42")
    exporting.pass_time(minutes=2)

    assert [find_first for _, find_first in target.asked] == [False, True, True]
    assert exporting.states() == ["exported"]


def test_what_a_killed_worker_was_sending_is_looked_up(exporting: Exporting) -> None:
    target = Scripted()
    exporting.add_bill()
    exporting.use("erp", Scripted(lambda _: Failed("connect")))
    exporting.work()
    exporting.use("erp", target)
    exporting.now += timedelta(minutes=1)
    assert lease(exporting.connection, "erp", 20, exporting.now)

    exporting.pass_time(seconds=59)
    assert target.asked == []
    exporting.pass_time(seconds=1)
    assert target.asked == [(NUMBER, True)]


def test_a_target_that_is_down_gets_one_probe_and_delays_no_other(exporting: Exporting) -> None:
    down, well = Scripted(lambda _: Failed("connect")), Scripted()
    exporting.use("down", down)
    exporting.use("well", well)
    for nth in range(1, 41):
        exporting.add_bill(nth)

    exporting.work()
    assert (len(down.asked), len(well.asked)) == (1, 40)

    for _ in range(12):
        exporting.pass_time(minutes=5)
    assert len(down.asked) < 20

    down.answer = lambda _: Sent("42")
    exporting.pass_time(hours=1)
    assert exporting.states("down") == ["exported"] * 40
    assert exporting.bill_states() == ["exported"] * 40


def test_a_bug_in_a_target_ends_nothing(exporting: Exporting) -> None:
    def fail(bill: ExportedBill) -> Outcome:
        if bill.number == NUMBER:
            raise ValueError("12.50")
        return Sent("42")

    exporting.use("erp", Scripted(fail))
    exporting.add_bill()
    exporting.add_bill(2)

    exporting.work()
    exporting.pass_time(minutes=1)

    assert exporting.states() == ["sent_unknown", "exported"]
    assert ("bug",) in exporting.facts("fault")


def test_a_bill_that_was_changed_by_hand_is_not_sent(exporting: Exporting) -> None:
    target = Scripted(lambda _: Failed("connect"))
    exporting.use("erp", target)
    exporting.add_bill()
    exporting.work()

    exporting.connection.execute("UPDATE bill_lines SET amount = amount + 1 WHERE nth = 1")
    exporting.pass_time(minutes=1)

    assert (len(target.asked), exporting.states()) == (1, ["refused"])


def test_a_new_name_of_the_payee_is_no_change_of_the_bill(exporting: Exporting) -> None:
    target = Scripted(lambda _: Failed("connect"))
    exporting.use("erp", target)
    exporting.add_bill()
    exporting.work()

    exporting.connection.execute("UPDATE payees SET name = 'Affiliate Ltd', erp_reference = 'A-1'")
    target.answer = lambda bill: Sent(f"{bill.payee_name} {bill.erp_reference}")
    exporting.pass_time(minutes=1)

    assert exporting.facts("reference") == [("Affiliate Ltd A-1",)]


def test_a_bill_cancelled_before_it_was_sent_never_is(exporting: Exporting) -> None:
    target = Scripted(lambda _: Failed("connect"))
    exporting.use("erp", target)
    exporting.add_bill()
    exporting.work()

    exporting.connection.execute("UPDATE bills SET state = 'cancelled'")
    exporting.pass_time(days=1)

    assert len(target.asked) == 1


def test_two_workers_send_no_bill_twice(exporting: Exporting, database: str) -> None:
    target = Scripted()
    exporting.use("erp", target)
    for nth in range(1, 31):
        exporting.add_bill(nth)
    second = exporting.make_exporter()

    with connect(database, name="test", statement_timeout_ms=60_000) as other:
        while second.work(other) + exporting.exporter.work(exporting.connection):
            pass

    assert (len(target.asked), len(set(target.asked))) == (30, 30)


def test_an_export_is_an_entry_of_the_audit_chain(exporting: Exporting) -> None:
    exporting.use("erp", Scripted())
    exporting.add_bill()

    exporting.work()

    rows = exporting.connection.execute("SELECT actor, subject, body FROM audit_log WHERE action = 'bill.export'")
    ((actor, subject, body),) = rows.fetchall()
    assert (actor, subject) == ("postledger", NUMBER)
    assert json.loads(bytes(body))["reference"] == f"ref {NUMBER}"


def test_people_are_told_of_a_refusal_once(exporting: Exporting) -> None:
    exporting.connection.execute(
        "INSERT INTO notify (settings, updated_at) VALUES ('{\"mail\": {}}', %(now)s)",
        {"now": exporting.now},
    )
    exporting.use("erp", Scripted(lambda _: Refused("20.00 is too much")))
    bill_id = exporting.add_bill()

    exporting.work()
    exporting.pass_time(days=1)

    told = exporting.connection.execute("SELECT kind, subject_id FROM notifications").fetchall()
    assert told == [("export_refused", f"{bill_id}/erp")]


def test_a_worker_that_is_stopped_gives_back_what_it_did_not_send(exporting: Exporting) -> None:
    target = Scripted()
    exporting.use("erp", target)
    for nth in range(1, 4):
        exporting.add_bill(nth)

    def answer(bill: ExportedBill) -> Outcome:
        exporting.exporter.stop()
        return Sent(bill.number)

    target.answer = answer
    exporting.exporter.work(exporting.connection)
    exporting.exporter.close(exporting.connection)

    assert exporting.states() == ["exported", "waiting", "waiting"]
    assert exporting.facts("attempts", "leased_until").count((0, None)) == 2


def test_a_webhook_gets_a_signed_bill_with_exact_amounts(exporting: Exporting, sink: Sink) -> None:
    exporting.add_target("hook", "webhook", url=f"{sink.url}/bills", secrets={"secret-1": KEY, "secret-2": OLD_KEY})
    bill_id = exporting.add_bill()

    exporting.work()

    (asked,) = sink.asked
    for key in (KEY, OLD_KEY):
        data: Any = Webhook(key).verify(asked.body, dict(asked.headers))
        assert (data["type"], data["data"]["number"], data["data"]["amount"]) == ("bill.approved", NUMBER, "20.00")
    assert (asked.target, asked.headers["webhook-id"]) == ("/bills", str(bill_id))
    assert exporting.states() == ["exported"]


def test_a_webhook_that_lost_the_answer_gets_the_same_again(exporting: Exporting, sink: Sink) -> None:
    with RawSink(hang) as hanging:
        exporting.add_target("hook", "webhook", url=hanging.url, timeout_s=1, secrets={"secret-1": KEY})
        exporting.add_bill()
        exporting.work()
        assert exporting.facts("state", "fault") == [("sent_unknown", "timeout")]

    sink.reply = Reply(500)
    exporting.add_target("hook", "webhook", url=sink.url, secrets={"secret-1": KEY})
    exporting.pass_time(minutes=1)
    assert exporting.facts("state", "fault") == [("sent_unknown", "http_500")]
    sink.reply = Reply(204, body=b"")
    exporting.pass_time(minutes=5)

    assert len({asked.headers["webhook-id"] for asked in sink.asked}) == 1
    assert len({asked.body for asked in sink.asked}) == 1
    assert exporting.states() == ["exported"]


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (Reply(422, body=b"20.00 is too much"), ("refused", "the receiver answered HTTP 422")),
        (Reply(302, {"Location": "http://127.0.0.1:1/"}), ("refused", "the receiver answered HTTP 302")),
        (Reply(429, {"Retry-After": "120"}), ("waiting", "http_429")),
        (Reply(503), ("waiting", "http_503")),
    ],
)
def test_an_answer_of_a_webhook_decides(
    exporting: Exporting, sink: Sink, reply: Reply, expected: tuple[str, str]
) -> None:
    sink.reply = reply
    exporting.add_target("hook", "webhook", url=sink.url, secrets={"secret-1": KEY})
    exporting.add_bill()

    exporting.work()

    assert exporting.facts("state", "fault") == [expected]
    if reply.status == 429:
        assert exporting.facts("due_at") == [(exporting.now + timedelta(seconds=120),)]


def test_a_folder_that_cannot_be_written_is_tried_again(exporting: Exporting, tmp_path: Path) -> None:
    blocking = tmp_path / "bills"
    blocking.write_text("a file, and no folder")
    exporting.add_target("books", "csv", path=str(blocking))
    exporting.add_bill()
    exporting.work()
    assert exporting.facts("state", "fault") == [("waiting", "eexist")]

    blocking.unlink()
    exporting.pass_time(minutes=1)

    assert exporting.states() == ["exported"]

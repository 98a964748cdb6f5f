"""What the client of Tryton makes of answers that a server, or a proxy before it, can give."""

import gzip
from collections.abc import Callable

import gevent
import msgspec
import pytest

from postledger.finance.exports.tryton_client import MAX_ANSWER_BYTES, Objection, TrytonClient, Unanswered, read_decimal
from postledger.finance.rules.export_settings import ExportSettings
from postledger.outgoing.connect import Network, trust_system
from tests.parts.sinks import Asked, RawSink, Reply, Sink, drip, hang

METHOD = "model.account.invoice.read"


def answer(**fields: object) -> Reply:
    return Reply(200, {}, msgspec.json.encode({"id": 0, **fields}))


def reply_with(reply: Reply) -> Callable[[Asked], Reply]:
    """Sign in as Tryton does, and answer all else with `reply`."""
    known = {"common.db.login": answer(result=[7, "token", None]),
             "model.res.user.get_preferences": answer(result={"company": 3, "language": "en"})}  # fmt: skip
    return lambda asked: known.get(msgspec.json.decode(asked.body)["method"], reply)


def make_client(url: str) -> TrytonClient:
    settings = ExportSettings("erp", "tryton", url=url, database="books", allow_private=True)
    secrets = {"login": "me", "password": "canary-password"}
    return TrytonClient(settings, secrets, Network(lambda *_: ["127.0.0.1"], trust_system()))


def call(url: str) -> object:
    return make_client(url).call(list[str], METHOD, [1], ["state"])


def test_it_signs_in_and_asks_in_the_context_of_the_user() -> None:
    with Sink(reply_with(answer(result=["found"]))) as sink:
        client = make_client(f"{sink.url}/erp/")

        assert client.call(list[str], METHOD, [1], ["state"]) == ["found"]

    assert client.company == 3
    assert sink.targets == ["/erp/books/rpc/"] * 3
    login, _, asked = (msgspec.json.decode(each.body) for each in sink.asked)
    assert login["params"] == ["me", {"password": "canary-password"}]
    assert asked["params"] == [[1], ["state"], {"company": 3, "language": "en"}]
    assert sink.asked[-1].headers["Authorization"] == "Session bWU6Nzp0b2tlbg=="


def test_a_compressed_answer_is_read() -> None:
    packed = gzip.compress(b'{"id":0,"result":["found"]}')
    with Sink(reply_with(Reply(200, {"Content-Encoding": "gzip"}, packed))) as sink:
        assert call(sink.url) == ["found"]


@pytest.mark.parametrize(
    ("reply", "fault", "was_sent"),
    [
        (Reply(200, {}, b"<html>"), "answer", True),
        (Reply(200, {}, b"[]"), "answer", True),
        (answer(), "answer", True),
        (answer(result="text"), "answer", True),
        (Reply(200, {"Content-Encoding": "gzip"}, b"no gzip"), "broken", True),
        (Reply(200, {"Content-Length": "900"}, b"short"), "broken", True),
        (Reply(200, {}, b"x" * (MAX_ANSWER_BYTES + 1)), "broken", True),
        (Reply(200, {"Content-Encoding": "gzip"}, gzip.compress(b" " * (MAX_ANSWER_BYTES + 2))), "answer", True),
        (Reply(302, {"Location": "http://169.254.169.254/"}), "status", True),
        (Reply(502), "status", True),
        (Reply(599), "status", True),
        (Reply(401), "login", False),
        (Reply(403), "forbidden", False),
        (Reply(404), "database", False),
        (Reply(429), "busy", False),
        (answer(error=["ConcurrencyException", "changed"]), "busy", False),
        (answer(error=["LoginException", ["password", "Password", "password"]]), "login", False),
        (answer(error=["division by zero", "Traceback …"]), "error", True),
        (answer(error=None), "error", True),
    ],
)
def test_an_answer_that_says_nothing_is_named(reply: Reply, fault: str, was_sent: bool) -> None:
    with Sink(reply_with(reply)) as sink, pytest.raises(Unanswered) as raised:
        call(sink.url)

    assert (raised.value.fault, raised.value.was_sent) == (fault, was_sent)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (["UserError", ["The total is 12.34", "Correct it", None]], "The total is 12.34\nCorrect it"),
        (["UserError", ["The total is 12.34", "", None]], "The total is 12.34"),
        (["UserWarning", ["similar", "There is one", ""]], "There is one"),
    ],
)
def test_words_of_tryton_are_kept_and_not_logged(error: list[object], words: str) -> None:
    with Sink(reply_with(answer(error=error))) as sink, pytest.raises(Objection) as raised:
        call(sink.url)

    assert raised.value.words == words
    assert words not in str(raised.value)


@pytest.mark.parametrize("result", [None, [], [7], "token", {"user": 7}])
def test_a_login_without_its_parts_is_no_login(result: object) -> None:
    with Sink(answer(result=result)) as sink, pytest.raises(Unanswered) as raised:
        call(sink.url)

    assert raised.value.fault == "answer"


@pytest.mark.parametrize("behave", [hang, drip])
def test_the_caller_can_bound_the_time(behave: Callable[..., None]) -> None:
    with RawSink(behave) as sink, pytest.raises(gevent.Timeout), gevent.Timeout(0.1):
        call(sink.url)


@pytest.mark.parametrize("written", ["12.34", None, {"__class__": "Decimal"}, {"__class__": "Decimal", "decimal": "x"}])
def test_what_is_no_amount_is_no_answer(written: object) -> None:
    with pytest.raises(Unanswered):
        read_decimal(written)

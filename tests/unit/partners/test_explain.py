"""The explanation of one request: each step, what comes next, and what is never in it."""

from collections.abc import Iterator, Sequence
from importlib.resources import files
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator
from msgspec.structs import replace

from postledger.ingest.receive import evaluate
from postledger.partners.explain import Diagnoser, Facts, decline, explain
from postledger.partners.explanation import Answered, Explanation
from postledger.partners.next_steps import BY_CAUSE, BY_REASON, BY_VERDICT
from postledger.policy.source import Source
from postledger.signatures.examination import Examined
from postledger.signatures.mistakes import Diagnosis
from postledger.signatures.secret_key import Key
from postledger.vocabulary.incoming_request import Request
from postledger.vocabulary.refusal import Cause, Reason
from postledger.vocabulary.statuses import Verdict
from tests.parts.mistaken_senders import (
    BODY,
    FORM,
    PUBLIC_URL,
    QUERY,
    RETIRED,
    SECRET,
    SLUG,
    WHSEC,
    get,
    mac,
    make_source,
    v1,
    webhook,
)

_SCHEMA = Draft202012Validator(msgspec.json.decode((files("postledger.schemas") / "explanation-1.json").read_bytes()))
TOKEN = "plt_" + "t" * 43


def read_retired(_: str) -> Sequence[str]:
    return (RETIRED,)


def do_nothing() -> None:
    """Rest for no time."""


def explain_to_partner(request: Request, source: Source, facts: Facts | None = None) -> Explanation:
    """Explain a request to the holder of a token; the answer is that of a source without conversions."""
    entry = evaluate(request, source)
    verdict = Verdict.ACCEPTED if entry.refusal is None else Verdict.REFUSED
    answered = Answered(verdict, entry.refusal, 200 if entry.refusal is None else 401, b"{}")
    diagnoser = Diagnoser(read_retired, do_nothing)

    def diagnose(examined: Examined) -> Diagnosis | None:
        return diagnoser.diagnose(examined, source, TOKEN)

    explanation = explain(request, source, answered, facts or Facts(), diagnose)
    _SCHEMA.validate(msgspec.json.decode(msgspec.json.encode(explanation)))
    return explanation


def test_a_verified_postback_shows_each_step() -> None:
    source = make_source(
        params={"click_id": "subid"}, statuses={"rejected": "trash"}, allow=["203.0.113.0/24"], pii=["email"]
    )
    query = "subid=C1&transaction_id=T1&event=sale&status=Trash&payout=12.50&currency=eur"
    query += "&utm_x=1&email=a%40b.c&ts=1790000000"
    request = replace(v1(query, query), client_address="203.0.113.9")

    found = explain_to_partner(request, source)

    assert (found.verdict, found.reason, found.edge.by) == ("accepted", None, "203.0.113.0/24")
    assert (found.read[0].sent, found.read[0].canonical, found.read[0].value) == ("subid", "click_id", "C1")
    assert found.read[0].note == "alias of acme"
    assert (found.ignored, found.masked) == (("utm_x", "email"), ("email", "sig"))
    assert found.signature is not None
    assert found.signature.key == "secret #11 (position 0)"
    assert (found.signature.would_match, found.signature.tried) == ((), 0)
    assert found.signature.clock is not None
    assert (found.signature.clock.skew_s, found.signature.clock.tolerance_s) == (-10, (-1800, 300))
    assert found.mapped is not None
    assert (found.mapped.status.means, found.mapped.status.by) == ("rejected", "statuses")
    assert (found.mapped.payout.means, found.mapped.currency.means) == ("12.50", "EUR")
    assert found.dedup is not None
    assert (found.dedup.by, found.dedup.parts, found.dedup.known) == ("transaction", ("acme", "sale", "T1"), False)
    assert found.next == BY_VERDICT[Verdict.ACCEPTED]


def test_the_signed_string_is_shown_with_personal_data_masked() -> None:
    source = make_source(pii=["email"])
    query = "click_id=C1&email=jane%40example.org&ts=1790000000"

    found = explain_to_partner(v1(query, query), source)

    assert found.signature is not None
    assert found.signature.signed_string == "click_id=C1&email=***&ts=1790000000"
    assert "jane" not in msgspec.json.encode(found).decode()


@pytest.mark.parametrize("email", ['"jane@example.org"', r'"jane\u0040example.org"', '["jane@example.org"]'])
def test_personal_data_in_a_body_are_masked(email: str) -> None:
    source = make_source(WHSEC, pii=["email"])
    body = b'{"click_id":"C1","email":' + email.encode() + b"}"

    found = explain_to_partner(webhook(b"wrong", body), source)

    assert "jane" not in msgspec.json.encode(found).decode()
    assert found.signature is not None
    assert found.signature.signed_string is not None


@pytest.mark.parametrize(
    ("preset", "query", "shown"),
    [
        ("cpx", "trans_id=T1&secure_hash=" + "0" * 32, "T1-{key}"),
        ("pangle", "trans_id=T1&sign=" + "0" * 64, "{key}:T1"),
    ],
)
def test_a_key_in_the_message_is_shown_as_a_placeholder(preset: str, query: str, shown: str) -> None:
    found = explain_to_partner(get(query), make_source(preset=preset))

    assert found.signature is not None
    assert found.signature.signed_string == shown


def test_an_unsigned_parameter_is_listed() -> None:
    found = explain_to_partner(get("trans_id=T1&amount_usd=5&secure_hash=" + "0" * 32), make_source(preset="cpx"))

    assert found.signature is not None
    assert (found.signature.covers, found.signature.unsigned) == (("trans_id",), ("amount_usd",))


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (v1(QUERY + "\n"), "printf %s, not echo"),
        (get(f"{QUERY}&sig={mac(QUERY).hex().upper()}"), "hex in small letters"),
        (v1(QUERY.replace("%20", "+")), "exactly as it is sent"),
        (v1("click_id=ABC 123", "click_id=ABC%20123"), "exactly as it is sent"),
        (v1(QUERY + "\n", key=RETIRED), "line break"),
    ],
)
def test_five_wrong_calls_give_five_right_sentences(request_: Request, words: str) -> None:
    found = explain_to_partner(request_, make_source())

    assert words in found.next
    assert found.signature is not None
    assert found.signature.would_match


def test_without_a_token_nothing_is_diagnosed() -> None:
    request, source = v1(QUERY + "\n"), make_source()
    refusal = evaluate(request, source).refusal

    found = explain(request, source, Answered(Verdict.REFUSED, refusal, 401, b""), Facts(), decline)

    assert found.signature is not None
    assert (found.signature.would_match, found.signature.tried) == (None, 0)
    assert found.next == BY_REASON[Reason.BAD_SIGNATURE]


def test_one_request_of_a_process_is_diagnosed_at_a_time() -> None:
    source, nested = make_source(), []
    examined: list[Examined] = []

    class Busy(tuple[str, ...]):
        """Retired secrets that ask for another diagnosis while they are tried."""

        __slots__ = ()

        def __iter__(self) -> Iterator[str]:
            nested.append(diagnoser.diagnose(examined[0], source, TOKEN))
            return iter(())

    retired: list[Sequence[str]] = [Busy(), ()]
    diagnoser = Diagnoser(lambda _: retired.pop(0) if retired else (), do_nothing)
    refusal = evaluate(v1(QUERY + "\n"), source).refusal

    def diagnose(one: Examined) -> Diagnosis | None:
        examined.append(one)
        return diagnoser.diagnose(one, source, TOKEN)

    explain(v1(QUERY + "\n"), source, Answered(Verdict.REFUSED, refusal, 401, b""), Facts(), diagnose)

    assert nested == [None]
    assert diagnoser.diagnose(examined[0], source, TOKEN) is not None


@pytest.mark.parametrize(
    ("ts", "words"),
    [
        ("1790000000000", "as milliseconds"),
        ("2026-09-21T14:13:30", "as ISO 8601"),
        ("1789992810", "local time, not UTC: it differs by -2 hours"),
        ("1790001810", "local time, not UTC: it differs by +0.5 hours"),
        ("1790003609", "local time, not UTC: it differs by +1 hour"),
        ("1790000700", "in the future"),
        ("1789990000", "too old"),
        ("yesterday", "not unix seconds"),
    ],
)
def test_a_wrong_time_is_named(ts: str, words: str) -> None:
    query = f"click_id=C1&ts={ts}"

    found = explain_to_partner(v1(query, query), make_source())

    assert found.signature is not None
    assert words in " ".join(found.signature.would_match or ())
    assert "1 hours" not in " ".join(found.signature.would_match or ())


@pytest.mark.parametrize(
    ("settings", "query", "by", "parts"),
    [
        ({}, "click_id=C1", "click", ("acme", "conversion", "C1")),
        ({"key": "click"}, "click_id=C1&transaction_id=T1", "click", ("acme", "conversion", "C1")),
        ({"duplicates": "every"}, "click_id=C1", "occasion", ("acme", "conversion")),
    ],
)
def test_the_dedup_key_is_explained(settings: dict[str, Any], query: str, by: str, parts: tuple[str, ...]) -> None:
    signed = f"{query}&ts=1790000000"

    found = explain_to_partner(v1(signed, signed), make_source(**settings))

    assert found.dedup is not None
    assert (found.dedup.by, found.dedup.parts) == (by, parts)


def test_an_address_that_production_refuses_is_explained() -> None:
    query = "click_id=C1&ts=1790000000"
    request = replace(v1(query, query), client_address="192.0.2.1")

    found = explain_to_partner(request, make_source(allow=["203.0.113.0/24", "2001:db8::/32"]))

    assert (found.edge.allowed, found.edge.by) == (False, None)
    assert "allowlist" in found.next


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp"])
def test_a_missing_header_is_named(name: str) -> None:
    signed = webhook(b"msg_1.1790000000." + BODY)
    request = replace(signed, headers={one: value for one, value in signed.headers.items() if one != name})

    found = explain_to_partner(request, make_source(WHSEC))

    assert (found.reason, found.signature and found.signature.would_match) == (
        "missing_signature", (f"the header {name} is missing",),
    )  # fmt: skip
    assert "Send the header" in found.next


def test_a_wrong_token_is_called_one() -> None:
    source = make_source(auth="token", token_header="Authorization")

    assert "no live secret" in explain_to_partner(get("click_id=C1&token=wrong"), source).next
    assert (
        "Write Bearer in front"
        in explain_to_partner(get("click_id=C1", headers={"authorization": SECRET}), source).next
    )


def test_a_body_of_version_2_is_read_by_its_paths() -> None:
    body = b'{"v":2,"conversion":{"click_id":"A"},"amount":{"value":"1.50"},"foo":{"bar":1}}'

    found = explain_to_partner(webhook(b"msg_1.1790000000." + body, body), make_source(WHSEC))

    assert [(one.sent, one.canonical, one.note) for one in found.read[1:]] == [
        ("conversion.click_id", "click_id", None), ("amount.value", "payout", None),
    ]  # fmt: skip
    assert found.ignored == ("foo.bar",)


_GUESS = "c1=1&click_id={0}&secret={0}&{0}=1&sub1=x{0}&transaction_id={0}&status={0}&ts=1"


@pytest.mark.parametrize("signature", ["", "&sig=" + "0" * 64, "&sig={0}"])
@pytest.mark.parametrize("live", [SECRET, "keitaro-1"])
def test_a_guess_of_the_secret_is_shown_as_any_other_text(live: str, signature: str) -> None:
    """What is masked by comparing it with the secret tells a guesser that the guess is right."""
    other = live[:-1] + "8"
    query, source = _GUESS + signature, make_source(live)

    right, wrong = (msgspec.json.encode(explain_to_partner(get(query.format(one)), source)) for one in (live, other))

    assert right.replace(live.encode(), other.encode()) == wrong
    assert live.encode() in right


def test_a_guess_of_another_live_secret_is_shown_too() -> None:
    source = make_source()
    source = replace(source, keys=(*source.keys, Key.from_secret(12, RETIRED)))
    signed = f"click_id={RETIRED}&ts=1790000000"

    assert RETIRED in msgspec.json.encode(explain_to_partner(v1(signed, signed), source)).decode()


def test_the_secret_that_signed_a_request_is_not_shown() -> None:
    signed = f"click_id=C1&secret={SECRET}&{SECRET}=1&sub1={SECRET}&ts=1790000000"

    found = explain_to_partner(v1(signed, signed), make_source())

    assert found.signature is not None
    assert found.signature.key is not None
    assert SECRET not in msgspec.json.encode(found).decode()


@pytest.mark.parametrize("token", [SECRET, "another-token"])
def test_what_stands_in_the_place_of_the_token_is_never_shown(token: str) -> None:
    place = make_source(auth="token", paths=["/{key}/postback"])
    form = replace(get(""), method="POST", media_type=FORM, body=f"click_id=C1&token={token}".encode())
    sent = [
        (make_source(auth="token"), get(f"click_id=C1&token={token}")),
        (make_source(auth="token"), form),
        (make_source(auth="token", token="sub1"), get(f"click_id=C1&sub1={token}")),
        (make_source(auth="token", token_header="X-Key"), get("click_id=C1", headers={"x-key": token})),
        (place, get("click_id=C1", path=f"/{token}/postback")),
    ]

    for source, request in sent:
        assert token not in msgspec.json.encode(explain_to_partner(request, source)).decode()


def test_both_addresses_of_a_signed_url_can_be_told_apart() -> None:
    url = f"{PUBLIC_URL}/tracking/postback/{SLUG}?tx=T1"
    request = get(f"tx=T1&hash={mac(url, name='sha1').hex()}")

    found = explain_to_partner(request, make_source(preset="bitlabs", public_url=PUBLIC_URL))

    assert found.signature is not None
    assert found.signature.signed_string == url
    assert explain_to_partner(request, make_source(), Facts(is_for_sandbox=True)).next


@pytest.mark.parametrize(
    "body",
    [
        b"\xef\xbb\xbf" + BODY, BODY + b"\r\n", b'{"click_id":"A","click_id":"B"}', b'{"payout":1e3,"click_id":"A"}',
        b"{" + b",".join(b'"k%d":1' % number for number in range(101)) + b"}", b"", b"{", b"[]", b"\xff", b"null",
        b'{"a":' * 600 + b"1" + b"}" * 600, b'{"click_id":"\\ud800"}', b'{"click_id":["x"]}', b"x" * 70_000,
        b'{"v":2,"conversion":{"click_id":"A"},"amount":{"value":"1"}}',
    ],
)  # fmt: skip
def test_no_body_breaks_the_explanation(body: bytes) -> None:
    """The holder of a token is told the first thing that is wrong, whatever the body is."""
    for request in (webhook(b"wrong", body), webhook(b"msg_1.1790000000." + body, body)):
        found = explain_to_partner(request, make_source(WHSEC, pii=["email"]))

        assert found.next


def test_each_reason_cause_and_verdict_has_a_next_step() -> None:
    assert set(BY_REASON) == set(Reason)
    assert set(BY_CAUSE) == set(Cause)
    assert set(BY_VERDICT) == set(Verdict) - {Verdict.REFUSED}

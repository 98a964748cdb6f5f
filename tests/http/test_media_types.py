"""How a body may be announced, and a byte order mark in front of it."""

from dataclasses import replace
from uuid import uuid4

import pytest

from tests.http.conftest import Service
from tests.parts.sender import FORM, JSON, Postback, Sender
from tests.parts.sources import add_source

ACME = Sender("acme")
MARK = b"\xef\xbb\xbf"


def posted(body: bytes, media_type: str, **headers: str) -> Postback:
    """A signed POST with this `Content-Type`, and more headers."""
    signed = ACME.post(body, media_type)
    return replace(signed, headers={**signed.headers, **headers})


def json_body() -> bytes:
    """A body of a new conversion."""
    return b'{"click_id":"C1","transaction_id":"%s","payout":"1.50"}' % uuid4().hex.encode()


def form_body() -> bytes:
    """A form of a new conversion."""
    return b"click_id=C1&transaction_id=%s&payout=1.50" % uuid4().hex.encode()


def assert_booked(service: Service, postback: Postback) -> None:
    """Send it, and look for its money."""
    answer = service.send(postback)

    assert answer.status == "accepted", answer
    assert service.fetch("SELECT payout::text FROM postbacks WHERE id = %s", answer.receipt) == [("1.50",)]


@pytest.mark.parametrize(
    "media_type",
    [
        "application/json; charset=utf-8;",
        "application/json; version=1",
        "application/json; charset = utf-8",
        'Application/JSON ;Charset="UTF-8"; q=1',
        "application/json;;",
        "application/json;charset=utf8",
        "text/json",
        "TEXT/JSON; charset=UTF-8",
        "application/vnd.acme.v2+json",
        "application/cloudevents+json; charset=utf-8",
    ],
)
def test_a_body_is_json_however_it_is_announced(service: Service, media_type: str) -> None:
    assert_booked(service, posted(json_body(), media_type))


@pytest.mark.parametrize("media_type", [f"{FORM};", f"{FORM}; charset = UTF-8", f"{FORM.upper()}; boundary=x"])
def test_a_body_is_a_form_however_it_is_announced(service: Service, media_type: str) -> None:
    assert_booked(service, posted(form_body(), media_type))


@pytest.mark.parametrize(
    ("media_type", "cause"),
    [
        ("application/json; charset=latin-1", "charset"),
        ("application/json; version=1; charset=utf-16;", "charset"),
        (f'{FORM}; charset="windows-1251"', "charset"),
        ("text/plain", "media_type"),
        ("application/jsonp", "media_type"),
        ("application/+xml", "media_type"),
        ("text/vnd.acme+json", "media_type"),
        ("json", "media_type"),
        ("application/json, application/json", "media_type"),
        ("application/json; a=" + '";' * 4000, "media_type"),
    ],
)
def test_another_body_is_refused_with_its_cause(service: Service, media_type: str, cause: str) -> None:
    answer = service.send(posted(json_body(), media_type))

    assert (answer.code, answer.reason, answer.cause) == (415, "unsupported_media_type", cause)


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate", "GZIP", "identity, gzip", "zstd", "x-own"])
@pytest.mark.parametrize("media_type", [JSON, FORM])
def test_a_packed_body_is_refused_with_its_cause(service: Service, media_type: str, encoding: str) -> None:
    answer = service.send(posted(json_body(), media_type, **{"Content-Encoding": encoding}))

    assert (answer.code, answer.reason, answer.cause) == (415, "unsupported_media_type", "content_encoding")


@pytest.mark.parametrize("encoding", ["identity", "Identity", "identity,", "utf-8"])
def test_a_body_that_is_not_packed_may_say_so(service: Service, encoding: str) -> None:
    assert_booked(service, posted(json_body(), JSON, **{"Content-Encoding": encoding}))


def test_a_byte_order_mark_before_a_body_is_skipped(service: Service) -> None:
    assert_booked(service, posted(MARK + json_body(), JSON))
    assert_booked(service, posted(MARK + form_body(), FORM))
    assert_booked(service, posted(b"%EF%BB%BF" + form_body(), FORM))


def test_a_byte_order_mark_before_version_2_is_skipped(service: Service) -> None:
    body = b'{"v":"2","click":{"id":"C1"},"transaction":{"id":"%s"}}' % uuid4().hex.encode()
    plain, marked = (service.send(posted(mark + body, JSON)) for mark in (b"", MARK))

    assert (marked.code, marked.reason, marked.cause) == (plain.code, plain.reason, plain.cause)


@pytest.mark.parametrize("mark", ["%EF%BB%BF", "%ef%bb%bf"])
def test_a_byte_order_mark_before_a_query_is_skipped(service: Service, mark: str) -> None:
    assert_booked(service, ACME.get(mark + form_body().decode()))


@pytest.mark.parametrize("media_type", [JSON, FORM])
def test_the_signature_covers_the_byte_order_mark(service: Service, media_type: str) -> None:
    body = json_body() if media_type == JSON else form_body()
    signed = ACME.post(body, media_type)

    answer = service.send(replace(signed, body=MARK + body))

    assert (answer.code, answer.reason) == (401, "bad_signature")


def test_a_byte_order_mark_does_not_hide_a_parameter(service: Service) -> None:
    twice = service.send(ACME.get("%EF%BB%BFclick_id=C1&click_id=C2"))
    elsewhere = service.send(ACME.get("click_id=C1&%EF%BB%BFpayout=1"))

    assert (twice.reason, twice.parameter) == ("duplicate_parameter", "click_id")
    assert (elsewhere.reason, elsewhere.cause) == ("invalid_parameter", "damaged_name")


def test_a_masked_parameter_behind_a_byte_order_mark_is_masked(service: Service, master_key: str) -> None:
    settings = {"click": "optional", "currency": "USD", "pii": ["email"]}
    add_source(service.database, master_key, "private", settings=settings)
    service.backend.wait_for_source("private")
    private = Sender("private")
    rest = b"&click_id=C1&transaction_id=T1"
    sent = [
        private.post(MARK + b"email=ann@example.org" + rest, FORM),
        private.get("%EF%BB%BFemail=ann@example.org" + rest.decode()),
        private.post(MARK + b'{"email":"ann@example.org","click_id":"C1"}', JSON),
    ]

    for postback in sent:
        answer = service.send(postback)
        ((raw,),) = service.fetch("SELECT raw FROM postbacks WHERE id = %s", answer.receipt)
        assert answer.is_success
        assert b"ann@" not in bytes(raw)


@pytest.mark.parametrize(
    ("body", "cause", "offset"),
    [
        (b'{"click_id":"C1",}', "json_syntax", 17),
        (b'{"click_id":NaN}', "json_syntax", 12),
        (b'{"click_id":{"a":1}}', "json_nesting", 12),
        (b'{"click_id":"C1","click_id":"\\u0000"}', "nul", 29),
    ],
)
def test_a_byte_offset_counts_the_byte_order_mark(service: Service, body: bytes, cause: str, offset: int) -> None:
    plain, marked = (service.send(posted(mark + body, JSON)) for mark in (b"", MARK))

    assert (plain.cause, plain.byte_offset) == (cause, offset)
    assert (marked.cause, marked.byte_offset) == (cause, offset + len(MARK))

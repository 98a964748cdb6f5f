"""What partners paste: URLs, curl commands of shells and browsers, raw requests, log lines and HAR files."""

import json
from typing import Any

import pytest

from postledger.partners.pasted_request import read_pasted
from postledger.partners.pasted_text import CannotRead, Pasted
from postledger.vocabulary.refusal import Reason

QUERY = "click_id=A%20B&ts=1&sig=ab"
TARGET = f"/tracking/postback/acme?{QUERY}"
URL = f"https://track.example.com:8443{TARGET}"
ESCAPED = f"curl --url {URL}".replace("&", "\\&")
WINDOWS = f'curl ^"{URL.replace("&", "^&").replace("%", "^%")}^" ^\r\n  -H ^"accept: x^"'
JSON, PLACE = '{"click_id":"A"}', URL.partition("?")[0]
LONG = "POST /tracking/postback/acme HTTP/1.1\nContent-Length: 16\nContent-Type: application/json\nwebhook-id: m1\n\n"


def read(text: str) -> Pasted:
    return read_pasted(text, lambda path: b"postback" in path)


@pytest.mark.parametrize(
    "text",
    [
        URL, f"  {URL}\n", TARGET, f"GET {TARGET}", f"GET {TARGET} HTTP/1.1\r\nHost: track.example.com:8443\r\n\r\n",
        f"GET {TARGET} HTTP/2\nhost: track.example.com:8443", f"GET {URL} HTTP/1.1\n\n", f"{URL}#top",
        f"curl '{URL}'", f'curl "{URL}"', f"$ curl -sS -k --compressed '{URL}' -o /dev/null", ESCAPED,
        f"curl --url='{URL}' -H 'Accept: */*' \\\n  -H 'X-A: b'", f"curl -X GET $'{URL}'", WINDOWS,
        f'10.0.0.1 - - [30/Nov/2026:02:00:00 +0000] "GET {TARGET} HTTP/1.1" 401 62 "-" "curl/8"',
        "curl -G 'https://track.example.com/tracking/postback/acme' -d click_id=A%20B -d 'ts=1&sig=ab'",
        json.dumps({"log": {"entries": [{"request": {"method": "GET", "url": URL, "headers": []}}]}}),
    ],
)  # fmt: skip
def test_a_get_is_read_from_every_form(text: str) -> None:
    found = read(text)

    assert (found.method, found.path, found.query) == ("GET", b"/tracking/postback/acme", QUERY.encode())
    assert found.body == b""


@pytest.mark.parametrize(
    "text",
    [
        f"curl {PLACE} -H 'Content-Type: application/json' -H 'webhook-id: m1' -d '{JSON}'",
        f"curl -XPOST {PLACE} -H'Content-Type: application/json' -H webhook-id:\\ m1 --data-raw $'{JSON}'",
        f'curl {PLACE} -H "webhook-id: m1" --json "{JSON.replace(chr(34), chr(92) + chr(34))}"',
        f"curl {PLACE} \\\n -H 'webhook-id: m1' \\\n --json='{JSON}'",
        f"curl -sSd '{JSON}' -H 'content-type: application/json' -H 'webhook-id: m1' {PLACE}",
        f"POST /tracking/postback/acme HTTP/1.1\r\nContent-Type: application/json\r\nwebhook-id: m1\r\n\r\n{JSON}",
        f"{LONG}{JSON}\n",
    ],
)
def test_a_post_is_read_from_every_form(text: str) -> None:
    found = read(text)

    assert (found.method, found.path, found.body) == ("POST", b"/tracking/postback/acme", JSON.encode())
    assert (found.headers["content-type"], found.headers["webhook-id"]) == ("application/json", "m1")


def test_a_form_is_the_default_of_curl() -> None:
    found = read("curl https://e.example/tracking/postback/acme -d a=1 --data-urlencode 'b=x y&z' --data-binary c=3")

    assert (found.body, found.headers["content-type"]) == (b"a=1&b=x+y%26z&c=3", "application/x-www-form-urlencoded")


@pytest.mark.parametrize(
    ("written", "body"),
    [
        (r"$'{\"a\":\"it\'s\\n\"}'", b'{"a":"it\'s\\n"}'),
        (r"$'\u00f6'", "ö".encode()),
        (r"$'\xc3\xb6'", "ö".encode()),
        (r"$'\ud83d\ude00'", "\U0001f600".encode()),
        ("'a'\\''b'", b"a'b"),
        ('"a\\$b\\"c"', b'a$b"c'),
        ("a\\\nb", b"ab"),
        ("'a\nb'", b"a\nb"),
    ],
)
def test_quotes_of_shells_are_read(written: str, body: bytes) -> None:
    assert read(f"curl https://e.example/p --data-raw {written}").body == body


def make_har(*requests: dict[str, Any]) -> str:
    return json.dumps({"log": {"version": "1.2", "entries": [{"request": request} for request in requests]}})


def test_of_a_har_the_postback_is_taken() -> None:
    other = {"method": "GET", "url": "https://shop.example/", "headers": [{"name": "Cookie", "value": "c=1"}]}
    body = {"mimeType": "application/json", "text": JSON}
    headers = [
        {"name": ":path", "value": "/x"},
        {"name": "Webhook-Id", "value": "m1"},
        {"name": "cookie", "value": "c"},
    ]
    wanted = {"method": "POST", "url": PLACE, "headers": headers, "postData": body}

    found = read(make_har(other, wanted))

    assert (found.method, found.path, found.body) == ("POST", b"/tracking/postback/acme", JSON.encode())
    assert found.headers == {
        "host": "track.example.com:8443", "webhook-id": "m1", "content-type": "application/json",
    }  # fmt: skip


def test_credentials_for_others_are_dropped() -> None:
    found = read(f"GET {TARGET} HTTP/1.1\nCookie: session=1\nProxy-Authorization: x\nX: y\n\n")

    assert found.headers == {"x": "y"}


UNREADABLE = [
    "", " \n", "hello", "hello world\nsecond line", "\0", "https://", "https://[x/?a=b",
    "{", "{}", "[]", '{"log":{}}', '{"log":{"entries":[]}}', '{"log":[]}', '{"a":' * 5000,
    '{"log":{"entries":[{"request":{"url":"https://","headers":[]}}]}}',
    "curl", "curl -X GET", "curl 'https://e.example", 'curl "https://e.example', "curl $'x", "curl " + "a " * 2000,
    "curl https://e.example -d @secret.json", "GET /x HTTP/1.1\nno header\n\n", "POST /x HTTP/1.1\n" + "a: b\n" * 200,
]  # fmt: skip


@pytest.mark.parametrize("text", UNREADABLE, ids=range(len(UNREADABLE)))
def test_anything_else_is_a_named_refusal(text: str) -> None:
    with pytest.raises(CannotRead) as refused:
        read(text)

    assert refused.value.refusal.reason is Reason.MALFORMED


@pytest.mark.parametrize(
    ("text", "scheme", "path", "host"),
    [
        ("click_id=A&ts=1", "", b"", None), ("?click_id=A", "", b"", None), ("click_id=A&url=a/b?c", "", b"", None),
        ("/?click_id=A", "", b"/", None), ("https://h?click_id=A", "https", b"/", "h"),
        ("HTTP://h/p?click_id=A", "http", b"/p", "h"), ("h.example/p?click_id=A", "", b"/p", "h.example"),
        ("curl 'h.example:81/p?click_id=A'", "http", b"/p", "h.example:81"),
        ("curl '$EDGE/p?click_id=A'", "", b"/p", None), ("curl /p?click_id=A", "", b"/p", None),
    ],
)  # fmt: skip
def test_the_address_is_read_if_there_is_one(text: str, scheme: str, path: bytes, host: str | None) -> None:
    found = read(text)

    assert (found.scheme, found.path, found.headers.get("host")) == (scheme, path, host)

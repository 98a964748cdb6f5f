"""Explanations of the real sandbox: beside the answer to a postback, and of pasted requests that nothing is kept of."""

import hmac
import json
import secrets
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import msgspec
import psycopg
import pytest

from postledger.partners.tokens import issue_token
from postledger.platform.keyring import Keyring
from postledger.policy.source_secrets import SourceSecrets
from tests.parts.databases import create_database, drop_database, fetch
from tests.parts.postgres import Postgres
from tests.parts.preset_sources import make_preset_source
from tests.parts.sandbox import Sandbox
from tests.parts.sender import Postback, Sender, sign_query
from tests.parts.sources import UNLIMITED, add_source

SECRET = "s3cret-current"
LENIENT = {"click": "optional", **UNLIMITED}
ACME = Sender("acme", path="/sandbox/postback")
CANARY = "canary-" + secrets.token_hex(12)


class Partners:
    """The sandbox, its ledger, and a token of `acme`."""

    def __init__(self, sandbox: Sandbox, client: httpx.Client, database: str, token: str) -> None:
        self.sandbox, self.client, self.database = sandbox, client, database
        self.headers = {"Authorization": f"Bearer {token}"}

    def send(self, postback: Postback, **headers: str) -> httpx.Response:
        """Send a postback with the token."""
        return self.client.request(
            postback.method,
            postback.target,
            content=postback.body or None,
            headers={**postback.headers, **self.headers, **headers},
        )

    def paste(self, text: str | bytes, slug: str = "acme", **headers: str) -> httpx.Response:
        """Have a pasted request explained."""
        return self.client.post(f"/sandbox/explain/{slug}", content=text, headers={**self.headers, **headers})

    def count_rows(self) -> list[tuple[Any, ...]]:
        """All rows that a postback could write, in both places."""
        tables = [f"{schema}.{table}" for schema in ("public", "sandbox") for table in ("postbacks", "conversions")]
        return [fetch(self.database, f"SELECT count(*) FROM {table}")[0] for table in tables]


@pytest.fixture(scope="module")
def partners(postgres: Postgres, template: str, master_key: str) -> Iterator[Partners]:
    """A sandbox with `acme`, which has a retired and a replaced secret, `beta`, and a wall with a body of its own."""
    url = create_database(postgres, template=template)
    add_source(url, master_key, "acme", ("retired-secret-of-acme", "replaced-secret-of-acme", SECRET), LENIENT)
    add_source(url, master_key, "beta", ("secret-of-beta",), LENIENT)
    add_source(url, master_key, "wall", (SECRET,), {**LENIENT, "ack": {"accepted": {"body": "1"}}})
    bitlabs = make_preset_source("bitlabs", click="optional", params={"click_id": "uid"}, **UNLIMITED)
    add_source(url, master_key, "bitlabs", (SECRET,), msgspec.to_builtins(bitlabs.settings))
    with psycopg.connect(url, autocommit=True) as connection:
        store = SourceSecrets(connection, Keyring([master_key]))
        source_id = store.find_source("acme")
        assert source_id is not None
        store.retire(source_id, datetime.now(UTC), kept=[one.id for one in store.read(source_id)[1:]])
        store.replace(source_id, [SECRET], datetime.now(UTC))
        token = issue_token(connection, "acme", "test", datetime.now(UTC)).token
    with Sandbox({"DATABASE_URL": url, "POSTLEDGER_MASTER_KEY": master_key}) as sandbox, sandbox.client() as client:
        yield Partners(sandbox, client, url, token)
    drop_database(postgres, url)


def explanation_of(answer: httpx.Response) -> dict[str, Any]:
    found: dict[str, Any] = answer.json()["explanation"]
    return found


def order(**more: str) -> dict[str, str]:
    return {"click_id": "C1", "transaction_id": secrets.token_hex(6), "payout": "12.50", **more}


def sign(query: str, key: str = SECRET, signed: str | None = None) -> str:
    """A query with the signature of another text, or of its own."""
    return f"{query}&sig={sign_query(key, (signed or query).encode())}"


def test_the_explanation_stands_beside_the_answer(partners: Partners) -> None:
    sent = order()

    first, lead = partners.send(ACME.get(sent)), partners.send(ACME.get({**sent, "status": "pending"}))

    assert (first.status_code, first.json()["status"]) == (200, "accepted")
    assert explanation_of(first)["body"] == f'{{"status":"accepted","id":"{first.json()["id"]}"}}'
    assert explanation_of(first)["dedup"]["known"] is False
    assert explanation_of(lead)["dedup"]["first"] == first.json()["id"]
    assert explanation_of(lead)["fold"] == {
        "was": "approved 12.50 USD", "says": "pending 12.50 USD", "rule": "pending after approved is old news",
    }  # fmt: skip


def test_a_change_shows_the_state_before_it(partners: Partners) -> None:
    sent = order(status="pending")
    partners.send(ACME.get(sent))

    changed = explanation_of(partners.send(ACME.get({**sent, "status": "approved"})))

    assert (changed["verdict"], changed["fold"]["was"]) == ("updated", "pending 12.50 USD")


@pytest.mark.parametrize("secret", ["retired-secret-of-acme", "replaced-secret-of-acme"])
def test_a_wrong_signature_is_diagnosed_for_a_token_alone(partners: Partners, secret: str) -> None:
    query = f"click_id=C1&ts={time.time():.0f}"
    wrong = Postback("GET", f"/sandbox/postback/acme?{sign(query, secret, query + chr(10))}")

    told, not_told = partners.send(wrong), partners.client.get(wrong.target)

    assert "explanation" not in not_told.json()
    assert (told.status_code, told.json()["reason"]) == (401, "bad_signature")
    assert explanation_of(told)["signature"]["would_match"] == [
        "a line break behind the string (echo instead of printf)", "a retired secret of this source",
    ]  # fmt: skip


@pytest.mark.parametrize("origin", ["https://e.example:28443", "http://e.example", "https://e.example"])
@pytest.mark.parametrize("path", ["/sandbox/postback/acme", "/tracking/postback/acme"])
def test_a_signed_address_of_a_real_call_is_named(partners: Partners, origin: str, path: str) -> None:
    query = f"click_id=C1&ts={time.time():.0f}"
    sent = Postback("GET", f"/sandbox/postback/acme?{sign(query, SECRET, f'{origin}{path}?{query}')}")

    found = explanation_of(partners.send(sent, Host="postledger", **{"X-Edge-Host": "e.example:28443"}))

    assert found["signature"]["would_match"][0].startswith("the whole address is signed, with the host as it was sent")


@pytest.mark.parametrize(("reported", "used"), [({"X-Edge-Quota-Used": "0.25"}, 0.25), ({}, None)])
def test_the_used_share_of_the_burst_is_told(partners: Partners, reported: dict[str, str], used: float | None) -> None:
    answer = partners.client.get(ACME.get(order()).target, headers=reported)

    assert explanation_of(answer)["edge"]["quota"]["used"] == used


def test_a_verified_signature_is_explained_without_a_token(partners: Partners) -> None:
    answer = partners.client.get(ACME.get(order()).target)

    assert explanation_of(answer)["signature"]["key"].endswith("(position 0)")


def sign_address(path: str) -> str:
    """The query that BitLabs sends, signed for an address."""
    signed = f"https://t.example{path}?uid=C1&tx=T1"
    return f"uid=C1&tx=T1&hash={hmac.digest(SECRET.encode(), signed.encode(), 'sha1').hex()}"


@pytest.mark.parametrize("signed", ["/tracking/postback/bitlabs", "/sandbox/postback/bitlabs"])
def test_a_signed_address_is_valid_for_both_and_the_explanation_says_which(partners: Partners, signed: str) -> None:
    sent = f"/sandbox/postback/bitlabs?{sign_address(signed)}"

    found = explanation_of(partners.client.get(sent))

    assert found["verdict"] in ("accepted", "duplicate")
    assert found["signature"]["signed_string"] == f"https://t.example{signed}?uid=C1&tx=T1"
    assert ("go live" in found["next"]) == signed.startswith("/sandbox")


@pytest.mark.parametrize(
    ("body", "reason", "words"),
    [
        (b'\xef\xbb\xbf{"click_id":"C1","payout":"1"}\r\n', None, "Nothing"),
        (b'{"click_id":"C1","click_id":"C2"}', "duplicate_parameter", "once"),
        (b'{"click_id":"C1","payout":1e3}', "invalid_parameter", "Send digits"),
        (b"{" + b",".join(b'"p%d":1' % one for one in range(101)) + b"}", "malformed", "fewer than 100"),
        (b'{"click_id":"C1",}', "malformed", "valid JSON"),
    ],
)
def test_the_first_thing_that_is_wrong_in_a_body_is_named(
    partners: Partners, body: bytes, reason: str | None, words: str
) -> None:
    found = explanation_of(partners.send(ACME.post(body, "application/json")))

    assert found["reason"] == reason
    assert words in found["next"]


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_a_refused_method_is_explained(partners: Partners, method: str) -> None:
    answer = partners.client.request(method, "/sandbox/postback/acme?click_id=C1", headers=partners.headers)

    assert (answer.status_code, explanation_of(answer)["next"]) == (405, "Send a GET or a POST.")


def test_curl_gets_a_table(partners: Partners) -> None:
    headers = {"Accept": "text/plain", "X-Edge-Quota-Used": "0.25"}

    table = partners.send(ACME.get(order(sub1="a\x1b[31mb")), **headers)

    assert table.headers["content-type"].startswith("text/plain")
    assert table.text.startswith("next          Nothing:")
    assert "quota         1000000/s, 1000000 at once, 25% of it used by this address\n" in table.text
    assert "\x1b" not in table.text


def test_the_body_of_a_network_stays_as_it_is_without_a_token(partners: Partners) -> None:
    wall = Sender("wall", path="/sandbox/postback")

    assert partners.client.get(wall.get(order()).target).text == "1"


def test_a_paste_of_yesterday_is_judged_as_of_its_own_time(partners: Partners) -> None:
    target = f"/tracking/postback/acme?{sign(f'click_id=C1&transaction_id=T&ts={time.time() - 86400:.0f}')}"
    before = partners.count_rows()

    found = explanation_of(partners.paste(f"curl 'https://track.example.com{target}'"))

    assert (found["verdict"], found["http"], found["signature"]["clock"]["skew_s"]) == ("accepted", 200, 0)
    assert partners.count_rows() == before


def test_a_paste_of_the_sandbox_meets_what_the_sandbox_knows(partners: Partners) -> None:
    postback = ACME.get(order())
    first = partners.send(postback)

    repeated = explanation_of(partners.paste(f"https://e.example{postback.target}"))
    elsewhere = explanation_of(partners.paste(postback.target.replace("/sandbox/", "/tracking/")))

    assert (repeated["verdict"], repeated["dedup"]["first"]) == ("duplicate", first.json()["id"])
    assert (elsewhere["verdict"], elsewhere["dedup"]["known"]) == ("accepted", False)


@pytest.mark.parametrize(
    ("address", "http", "reason"),
    [
        ("https://h/traking/postback/acme", 404, "not_found"), ("https://h/", 404, "not_found"),
        ("/tracking/postback/beta", 404, "unknown_source"), ("/tracking/postback/acm", 404, "unknown_source"),
        ("http://h/tracking/postback/acme", 403, None),
    ],
)  # fmt: skip
def test_a_paste_with_another_address_is_answered_as_production_does(
    partners: Partners, address: str, http: int, reason: str | None
) -> None:
    query = sign(f"click_id=C1&transaction_id=T&ts={time.time():.0f}")

    found, bare = (explanation_of(partners.paste(text)) for text in (f"{address}?{query}", query))

    assert (found["verdict"], found["http"], found["reason"]) == ("refused", http, reason)
    assert reason is None or json.loads(found["body"])["reason"] == reason
    assert found["next"]
    assert (found["read"], found["signature"], found["dedup"]) == ([], None, None)
    assert bare["verdict"] == "accepted"


@pytest.mark.parametrize("path", ["/tracking/postback/acme", "/sandbox/postback/acme", "/elsewhere"])
@pytest.mark.parametrize("start", ["plt_", "plt%5F"])
def test_a_token_in_a_pasted_address_is_named_a_leak(partners: Partners, path: str, start: str) -> None:
    query = sign(f"click_id={start}{'x' * 43}&token={start}{'y' * 43}&ts={time.time():.0f}")

    answer = partners.paste(f"https://h{path}?{query}")

    assert explanation_of(answer)["next"].startswith("Ask the operator for another token")
    assert not any(shown in answer.text for shown in ("x" * 43, "y" * 43))


def test_a_paste_with_another_method_is_answered_as_production_does(partners: Partners) -> None:
    found = explanation_of(partners.paste("PUT /tracking/postback/acme?click_id=C1 HTTP/1.1\n\n"))

    assert (found["http"], found["reason"], found["next"]) == (405, "method_not_allowed", "Send a GET or a POST.")


@pytest.mark.parametrize(
    ("text", "status", "reason"),
    [
        (b"hello", 400, "malformed"), (b"", 400, "malformed"), (b"\xff\xfe", 400, "malformed"),
        (b"x" * 70_000, 413, "payload_too_large"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_a_named_refusal(partners: Partners, text: bytes, status: int, reason: str) -> None:
    answer = partners.paste(text)

    assert (answer.status_code, answer.json()["reason"]) == (status, reason)


def test_only_the_token_of_the_source_opens_it(partners: Partners) -> None:
    answers = [
        partners.paste("/x?a=b", "beta"),
        partners.paste("/x?a=b", "nobody"),
        partners.paste("/x?a=b", Authorization="Bearer plt_" + "x" * 43),
        partners.client.post("/sandbox/explain/acme", content="/x?a=b"),
    ]

    assert {(one.status_code, one.text.replace(one.json()["id"], "")) for one in answers} == {
        (401, answers[0].text.replace(answers[0].json()["id"], ""))
    }
    assert partners.client.get("/sandbox/explain/acme", headers=partners.headers).headers["allow"] == "POST"


def test_nothing_of_a_paste_is_stored_or_logged(partners: Partners) -> None:
    headers = [{"name": "Cookie", "value": CANARY}, {"name": "Authorization", "value": f"Bearer {CANARY}"}]
    url = f"https://e.example/tracking/postback/acme?click_id={CANARY}&token={CANARY}&{CANARY}=1&sig={CANARY}"
    har = json.dumps({"log": {"entries": [{"request": {"method": "GET", "url": url, "headers": headers}}]}})
    leak = f"click_id={SECRET}&secret={SECRET}&ts={time.time():.0f}"

    answers = [partners.paste(text) for text in (har, har.replace("GET", "PUT"), f"curl '{url}' -b {CANARY}", har[:-3])]
    answers.append(partners.paste(f"/tracking/postback/acme?{sign(leak)}"))

    assert "Cookie" not in "".join(one.text for one in answers)
    assert SECRET not in "".join(one.text for one in answers)
    assert sign_query(SECRET, leak.encode()) not in "".join(one.text for one in answers)
    assert "-secret-of-acme" not in "".join(one.text for one in answers)
    assert CANARY not in partners.sandbox.log_text()
    dump = "SELECT string_agg(query, ' ') FROM pg_stat_activity"
    assert CANARY not in str(fetch(partners.database, dump)[0][0]).replace("pg_stat", "")
    for schema in ("public", "sandbox"):
        rows = fetch(partners.database, f"SELECT raw::text, click_id FROM {schema}.postbacks")
        assert CANARY.encode().hex() not in str(rows)
        assert CANARY not in str(rows)

"""`/tracking/postback/{source}`: the contract's answers, and the row and the counter behind each of them."""

import json
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID, uuid4

import pytest
from standardwebhooks import Webhook as StandardWebhook
from svix.webhooks import Webhook as SvixWebhook

from tests.http.conftest import WHSEC, Service
from tests.parts.sender import FORM, JSON, Answer, Postback, Sender, webhook_headers
from tests.parts.sources import add_source

ACME = Sender("acme")
PATH = "/tracking/postback/acme"


def test_a_new_postback_is_accepted_and_on_the_ledger(service: Service, acme: Sender, unique: str) -> None:
    answer = service.send(acme.get({"click_id": "C1", "payout": "0.50", "transaction_id": unique}))

    assert (answer.code, answer.status) == (200, "accepted")
    assert UUID(answer.receipt).version == 7
    assert service.audit_row(answer.receipt) == ("accepted", None, None)
    assert service.fetch("SELECT payout, currency FROM conversions WHERE transaction_id = %s", unique) == [
        (Decimal("0.50"), "USD")
    ]


@pytest.mark.parametrize("shape", ["get", "form", "json"])
def test_each_form_of_request_books_the_same(service: Service, acme: Sender, unique: str, shape: str) -> None:
    fields = {"click_id": "known-click", "payout": "1.25", "currency": "eur", "transaction_id": unique, "sub2": "é&="}

    answer = service.send(getattr(acme, shape)(fields))

    assert answer.status == "accepted"
    assert service.fetch(
        "SELECT payout, currency, click_id, affiliate_id, campaign_id, subs FROM conversions WHERE transaction_id = %s",
        unique,
    ) == [(Decimal("1.25"), "EUR", "known-click", "456", service.campaign_id, {"sub2": "é&="})]


def test_the_source_may_stand_in_the_query(service: Service, unique: str) -> None:
    acme = Sender("acme")
    query = acme.get(f"source=acme&click_id=C1&transaction_id={unique}").target.partition("?")[2]

    assert service.send(Postback("GET", f"/tracking/postback?{query}")).status == "accepted"


def test_a_repeat_is_a_duplicate_and_a_change_is_an_update(service: Service, acme: Sender, unique: str) -> None:
    pending, approved, other = (
        acme.get({"click_id": "C1", "payout": payout, "transaction_id": unique, "status": status})
        for status, payout in (("pending", "1"), ("approved", "2"), ("approved", "3"))
    )

    answers = [service.send(postback) for postback in (pending, pending, approved, pending, other)]

    assert [(answer.code, answer.status, answer.reason) for answer in answers] == [
        (200, "accepted", None),
        (200, "duplicate", None),
        (200, "updated", None),
        (200, "duplicate", None),
        (409, "refused", "conflict"),
    ]
    assert service.fetch("SELECT status, payout FROM conversions WHERE transaction_id = %s", unique) == [
        ("approved", Decimal(2))
    ]


def test_without_a_transaction_id_event_and_click_make_the_key(service: Service, acme: Sender, unique: str) -> None:
    sale, deposit = ({"click_id": unique, "event": event} for event in ("sale", "deposit"))

    answers = [service.send(acme.get(fields)).status for fields in (sale, deposit, sale)]

    assert answers == ["accepted", "accepted", "duplicate"]


def test_the_previous_secret_works_and_the_audit_row_tells_which_one_did(service: Service, unique: str) -> None:
    answer = service.send(Sender("acme", "s3cret-previous").get({"click_id": "C1", "transaction_id": unique}))

    assert answer.status == "accepted"
    assert service.fetch(
        "SELECT position FROM postbacks JOIN source_secrets ON source_secrets.id = secret_id WHERE postbacks.id = %s",
        answer.receipt,
    ) == [(1,)]


@pytest.mark.parametrize(("library", "family"), [(StandardWebhook, "webhook"), (SvixWebhook, "svix")])
def test_unmodified_webhook_libraries_are_accepted(
    service: Service, unique: str, library: type[StandardWebhook] | type[SvixWebhook], family: str
) -> None:
    now = datetime.now(UTC)
    body = json.dumps({"click_id": "C1", "transaction_id": unique})
    headers = {
        "Content-Type": "application/json",
        f"{family}-id": "msg_1",
        f"{family}-timestamp": str(int(now.timestamp())),
        f"{family}-signature": library(WHSEC).sign("msg_1", now, body),
    }

    answer = service.send(Postback("POST", "/tracking/postback/hooks", body.encode(), headers))

    assert answer.status == "accepted"


def test_an_unknown_click_is_refused_and_a_known_one_is_not(service: Service, unique: str) -> None:
    strict = Sender("strict")

    unknown = service.send(strict.get({"click_id": unique, "transaction_id": unique}))
    known = service.send(strict.get({"click_id": "known-click", "transaction_id": unique}))

    assert (unknown.code, unknown.reason) == (422, "unknown_click")
    assert service.audit_row(unknown.receipt) == ("refused", "unknown_click", None)
    assert known.status == "accepted"


# Signed when they are sent: what is signed when tests are collected is stale where the tests before it take long.
REFUSALS: list[tuple[Callable[[], Postback], int, str, str | None]] = [
    (lambda: ACME.get("payout=1"), 400, "missing_parameter", "click_id"),
    (lambda: ACME.get("click_id=A&payout=1e3"), 400, "invalid_parameter", "payout"),
    (lambda: ACME.get("click_id=A&payout=NaN"), 400, "invalid_parameter", "payout"),
    (lambda: ACME.get("click_id=A&payout=Infinity"), 400, "invalid_parameter", "payout"),
    (lambda: ACME.get("click_id=A&payout=-1"), 400, "invalid_parameter", "payout"),
    (lambda: ACME.get("click_id=A&currency=ZZZ"), 400, "invalid_parameter", "currency"),
    (lambda: ACME.get("click_id=A&event_time=2026-11-21T10:00:00"), 400, "invalid_parameter", "event_time"),
    (lambda: ACME.get("click_id=" + "A" * 256), 400, "invalid_parameter", "click_id"),
    (lambda: ACME.get("click_id=A&click_id=B"), 400, "duplicate_parameter", "click_id"),
    (lambda: ACME.get("click_id=A&%70ayout=1&payout=1"), 400, "duplicate_parameter", "payout"),
    (lambda: ACME.get("click_id=A&payout={payout}"), 400, "unresolved_macro", "payout"),
    (lambda: ACME.get("click_id=A&v=2"), 400, "unsupported_version", None),
    (lambda: ACME.get("click_id=A&payout=%ff"), 400, "malformed", None),
    (lambda: ACME.get("click_id=A&payout=%00"), 400, "malformed", None),
    (lambda: ACME.get("click_id=A" + "&x=1" * 100), 400, "malformed", None),
    (lambda: ACME.get("click_id=A", at_s=time.time() - 3000), 401, "stale_timestamp", None),
    (lambda: ACME.get("click_id=A", at_s=time.time() + 86_400), 401, "future_timestamp", None),
    (lambda: Sender("acme", "guess").get("click_id=A"), 401, "bad_signature", None),
    (lambda: Postback("GET", f"{PATH}?click_id=A"), 401, "missing_signature", None),
    (lambda: Postback("POST", PATH, b'{"click_id":"A"}', {"Content-Type": JSON}), 401, "missing_signature", None),
    (lambda: ACME.json({"click_id": {"nested": 1}}), 400, "malformed", None),
    (lambda: ACME.post(b'{"click_id":"A","click_id":"B"}', JSON), 400, "duplicate_parameter", "click_id"),
    (lambda: ACME.post(b'["click_id"]', JSON), 400, "malformed", None),
    (lambda: ACME.post(b'{"click_id":"A"}', "text/plain"), 415, "unsupported_media_type", None),
    (lambda: ACME.post(b"click_id=A&x=" + b"x" * 65_536, FORM), 413, "payload_too_large", None),
    (lambda: Postback("PUT", f"{PATH}?click_id=A"), 405, "method_not_allowed", None),
    (lambda: Postback("DELETE", f"{PATH}?click_id=A"), 405, "method_not_allowed", None),
]


class Refused(NamedTuple):
    """The answers to REFUSALS, and by how much each counter of a reason grew meanwhile."""

    answers: list[Answer]
    grown: dict[str, float]


@pytest.fixture(scope="module")
def refused(service: Service) -> Refused:
    samples = {reason: f'postledger_refusals_total{{reason="{reason}",source="acme"}}' for _, _, reason, _ in REFUSALS}
    before = service.counted(*samples.values())
    answers = [service.send(postback()) for postback, *_ in REFUSALS]
    after = service.counted(*samples.values())
    grown = {reason: last - first for reason, first, last in zip(samples, before, after, strict=True)}
    return Refused(answers, grown)


@pytest.mark.parametrize("number", range(len(REFUSALS)), ids=[f"{code}-{reason}" for _, code, reason, _ in REFUSALS])
def test_each_refusal_has_its_code_and_its_audit_row(service: Service, refused: Refused, number: int) -> None:
    _, code, reason, parameter = REFUSALS[number]
    answer = refused.answers[number]

    assert (answer.code, answer.status, answer.reason, answer.parameter) == (code, "refused", reason, parameter)
    assert service.audit_row(answer.receipt) == ("refused", reason, parameter)


def test_a_label_costs_no_money_and_is_noted_and_counted(service: Service, unique: str) -> None:
    counter = 'postledger_postback_labels_dropped_total{cause="unresolved_macro",source="acme"}'
    (before,) = service.counted(counter)
    query = f"click_id=A&transaction_id={unique}&payout=5&sub1={'x' * 256}&sub5={{sub5}}&foo=%E9%00"

    answers = [service.send(ACME.get(query)) for _ in range(2)]

    assert [answer.status for answer in answers] == ["accepted", "duplicate"]
    for answer in answers:
        row = service.fetch("SELECT payout, label_notes FROM postbacks WHERE id = %s", answer.receipt)
        assert row == [(Decimal(5), {"sub1": "too_long", "sub5": "unresolved_macro"})]
    assert service.fetch("SELECT subs FROM conversions WHERE id = %s", answers[0].receipt) == [({"sub1": "x" * 255},)]
    assert service.counted(counter) == [before + 2]


def test_the_answer_and_the_audit_row_say_what_is_wrong_and_where(service: Service) -> None:
    answer = service.send(ACME.post(b'{"click_id":"A",}', JSON))

    assert (answer.reason, answer.cause, answer.byte_offset) == ("malformed", "json_syntax", 16)
    columns = service.fetch("SELECT cause, byte_offset FROM postbacks WHERE id = %s", answer.receipt)
    assert columns == [("json_syntax", 16)]


def test_each_refusal_is_counted_once_under_its_reason(refused: Refused) -> None:
    assert refused.grown == Counter(reason for _, _, reason, _ in REFUSALS)


def test_an_unknown_source_is_404_and_counted_without_its_name(service: Service) -> None:
    sample = 'postledger_refusals_total{reason="unknown_source",source="unknown"}'
    (before,) = service.counted(sample)

    answer = service.send(Sender("nobody-knows-me").get("click_id=A"))

    assert (answer.code, answer.reason) == (404, "unknown_source")
    assert service.fetch("SELECT source_id, reason FROM postbacks WHERE id = %s", answer.receipt) == [
        (None, "unknown_source")
    ]
    assert service.counted(sample) == [before + 1]
    assert "nobody-knows-me" not in service.backend.metrics_text()


AT_THE_EDGE = {"X-Client-Address": "192.0.2.1"}


@pytest.mark.parametrize("said", ["none", "1"])
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_a_source_that_the_edge_knows_otherwise_is_unavailable(
    service: Service, acme: Sender, unique: str, said: str, method: str
) -> None:
    sample = 'postledger_refusals_total{reason="unavailable",source="acme"}'
    (before,) = service.counted(sample)
    target = acme.get({"click_id": "C1", "transaction_id": unique}).target

    answer = service.client.request(method, target, headers={**AT_THE_EDGE, "X-Edge-Policy": said})

    assert (answer.status_code, answer.json()["reason"], answer.headers["retry-after"]) == (503, "unavailable", "1")
    assert service.fetch("SELECT 1 FROM postbacks WHERE id = %s", answer.json()["id"]) == []
    assert service.fetch("SELECT 1 FROM conversions WHERE transaction_id = %s", unique) == []
    assert service.counted(sample) == [before + 1]


def test_a_source_that_only_the_edge_knows_is_unavailable(
    service: Service,
) -> None:
    sample = 'postledger_refusals_total{reason="unavailable",source="unknown"}'
    (before,) = service.counted(sample)

    answer = service.client.get("/tracking/postback/the-edge-knows-me", headers=AT_THE_EDGE)

    assert (answer.status_code, answer.json()["reason"]) == (503, "unavailable")
    assert service.counted(sample) == [before + 1]
    assert "the-edge-knows-me" not in service.backend.metrics_text()


def test_a_source_that_neither_the_edge_nor_we_know_is_404(service: Service) -> None:
    headers = {**AT_THE_EDGE, "X-Edge-Policy": "none"}

    answer = service.client.get("/tracking/postback/nobody-knows-me", headers=headers)

    assert (answer.status_code, answer.json()["reason"]) == (404, "unknown_source")
    assert service.audit_row(answer.json()["id"]) == ("refused", "unknown_source", None)


def test_a_refused_method_is_told_which_are_allowed(service: Service) -> None:
    answer = service.client.request("PATCH", PATH)

    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")


def test_a_chunked_body_counts_what_arrives(service: Service) -> None:
    body = b"click_id=A&x=" + b"x" * 65_536
    headers = {"Content-Type": FORM, **webhook_headers("s3cret-current", body)}

    answer = service.client.post(PATH, content=iter([body[:1000], body[1000:]]), headers=headers)

    assert (answer.status_code, answer.json()["reason"]) == (413, "payload_too_large")


def test_an_unfilled_macro_is_told_by_its_style_and_never_by_its_text(service: Service, acme: Sender) -> None:
    postback = acme.get({"click_id": "A", "payout": "[[[payment_sum]]]"})

    answer = service.client.get(postback.target)

    told = answer.json()
    del told["id"]
    assert told == {"status": "refused", "reason": "unresolved_macro", "parameter": "payout", "macro": "[[[…]]]"}


def test_an_answer_never_echoes_what_was_sent(service: Service, acme: Sender) -> None:
    canary = uuid4().hex

    answers = [
        service.client.get(acme.get(f"click_id={canary}&payout={canary}").target),
        service.client.get(f"/tracking/postback/{canary}?click_id={canary}"),
        service.client.get(f"/{canary}?{canary}"),
    ]

    assert all(canary not in answer.text + str(answer.headers) for answer in answers)


def test_the_answer_is_small_json_with_the_receipt_that_the_edge_made(service: Service, unique: str) -> None:
    receipt = "0197e6a4-1c5e-7000-8000-000000000001"

    answer = service.client.get(
        ACME.get({"click_id": "C1", "transaction_id": unique}).target, headers={"X-Request-Id": receipt}
    )

    assert answer.headers["content-type"] == "application/json"
    assert answer.text == f'{{"status":"accepted","id":"{receipt}"}}'


@pytest.mark.parametrize("given", ["", "x", "0197e6a4-1c5e-4000-8000-000000000001", "' OR 1=1"])
def test_a_request_id_that_is_no_receipt_is_replaced(service: Service, unique: str, given: str) -> None:
    answer = service.client.get(
        ACME.get({"click_id": "C1", "transaction_id": unique}).target, headers={"X-Request-Id": given}
    )

    assert UUID(answer.json()["id"]).version == 7
    assert answer.json()["id"] != given


def test_masked_parameters_are_not_stored(service: Service, acme: Sender, unique: str) -> None:
    answer = service.send(acme.get({"click_id": "C1", "transaction_id": unique, "email": "someone@example.com"}))

    ((raw,),) = service.fetch("SELECT raw FROM postbacks WHERE id = %s", answer.receipt)
    assert b"email=h-" in raw
    assert b"example.com" not in raw
    assert b"sig=" not in raw


def test_the_client_address_is_the_one_that_the_edge_says(service: Service, unique: str) -> None:
    target = ACME.get({"click_id": "C1", "transaction_id": unique}).target
    headers = {"X-Client-Address": "2001:db8::7", "X-Forwarded-For": "198.51.100.1", "Forwarded": "for=198.51.100.1"}

    receipt = service.client.get(target, headers=headers).json()["id"]

    assert service.fetch("SELECT host(source_ip) FROM postbacks WHERE id = %s", receipt) == [("2001:db8::7",)]


@pytest.mark.parametrize("address", ["unix:", "", "1.2.3", "fe80::1%eth0", "127.0.0.1, 127.0.0.2"])
def test_an_address_that_is_none_costs_the_postback_nothing(service: Service, unique: str, address: str) -> None:
    target = ACME.get({"click_id": "C1", "transaction_id": unique}).target

    answer = service.client.get(target, headers={"X-Client-Address": address})

    assert answer.json()["status"] == "accepted"


def test_a_source_in_observe_mode_is_booked_and_its_faults_are_counted(service: Service, unique: str) -> None:
    sample = 'postledger_observed_total{reason="missing_signature",source="watched"}'
    (before,) = service.counted(sample)
    headers = {"X-Edge-Observed": "ip_not_allowed,nonsense"}

    answer = service.client.get(
        f"/tracking/postback/watched?click_id={unique}&transaction_id={unique}", headers=headers
    ).json()

    assert answer["status"] == "accepted"
    assert service.counted(sample) == [before + 1]
    assert service.fetch("SELECT observed FROM postbacks WHERE id = %s", answer["id"]) == [
        (["ip_not_allowed", "missing_signature", "unknown_click"],)
    ]


def test_a_personal_parameter_is_stored_as_a_hash_that_joins(service: Service, acme: Sender, unique: str) -> None:
    asked = [acme.get({"click_id": unique, "email": email}) for email in ("Ann@example.org", "ann@example.org")]

    raws = [service.fetch("SELECT raw FROM postbacks WHERE id = %s", service.send(one).receipt)[0][0] for one in asked]
    stored = [raw.partition(b"email=")[2].partition(b"&")[0] for raw in raws]

    assert stored[0] == stored[1]
    assert stored[0].startswith(b"h-")
    assert len(stored[0]) == 34


def test_an_answer_is_json_whatever_its_operator_calls_a_parameter(service: Service, master_key: str) -> None:
    settings = {"auth": "none", "click": "optional", "test_parameters": {'"\\ü': ["1"]}}
    add_source(service.database, master_key, "odd", settings=settings)
    service.backend.wait_for_source("odd")

    answer = service.client.get("/tracking/postback/odd", params={"click_id": "A", '"\\ü': "1"})

    assert (answer.json()["reason"], answer.json()["parameter"]) == ("invalid_parameter", '"\\ü')

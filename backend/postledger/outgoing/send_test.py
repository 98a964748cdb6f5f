"""Sends one test to a forward, with invented values, so that an operator sees whether its URL and secrets are right."""

import secrets
import time
from datetime import datetime
from decimal import Decimal

import msgspec
from msgspec.structs import replace

from postledger.decoding.parameters import SUB_NAMES
from postledger.outgoing.answer import Answer
from postledger.outgoing.connect import Network
from postledger.outgoing.deliver import deliver
from postledger.outgoing.rules.forward import Facts, Forward
from postledger.outgoing.rules.render import describe_url, render
from postledger.outgoing.rules.retries import Judgement, judge
from postledger.outgoing.target import Target
from postledger.vocabulary.receipt import ENTROPY_BYTES, make_receipt
from postledger.vocabulary.statuses import Status

TEST_ID = "postledger-test"
TEST_HEADER = "Postledger-Test"


class Tested(msgspec.Struct, frozen=True):
    """What came of a test. `url` shows `***` for the secret."""

    url: str
    method: str
    receipt: str
    status: int | None
    fault: str | None
    took_ms: int
    is_delivered: bool


def invent_facts(forward: Forward, now: datetime) -> Facts:
    """Invent a change that the forward would send. Its ids say that it is a test."""
    receipt = make_receipt(int(now.timestamp() * 1000), secrets.token_bytes(ENTROPY_BYTES))
    match = forward.match
    return Facts(
        receipt,
        1,
        receipt,
        _example(match.source, TEST_ID),
        _example(match.event, "sale"),
        next(iter(match.status), Status.APPROVED),
        TEST_ID,
        transaction_id=TEST_ID,
        campaign=_example(match.campaign, TEST_ID),
        affiliate_id=TEST_ID,
        payout=Decimal("0.01"),
        currency="USD",
        event_time=now,
        subs=dict.fromkeys(SUB_NAMES, TEST_ID),
    )


def send_test(target: Target, facts: Facts, network: Network, now: datetime) -> Tested:
    """Send a test, marked by a header. It is recorded nowhere, and no circuit counts it."""
    forward = target.forward
    request = render(forward, facts, target.secrets or (), now)
    marked = replace(request, headers={**request.headers, TEST_HEADER: "1"})
    started_s = time.monotonic()
    answer = deliver(marked, forward, network)
    took_ms = round((time.monotonic() - started_s) * 1000)
    return _describe(forward, facts, request.method, answer, took_ms)


def _describe(forward: Forward, facts: Facts, method: str, answer: Answer, took_ms: int) -> Tested:
    is_delivered = answer.status is not None and judge(answer.status, forward.expect) is Judgement.DELIVERED
    fault = None if is_delivered else answer.fault_word
    return Tested(describe_url(forward, facts), method, facts.receipt, answer.status, fault, took_ms, is_delivered)


def _example(names: tuple[str, ...], otherwise: str) -> str:
    return names[0].replace("*", "test") if names else otherwise

"""The sandbox answers a thousand mixed requests as production does, and leaves no trace in production."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from http.client import HTTPSConnection

import msgspec
import pytest

from tests.parts.mixed_requests import Mixed, add_mixed_sources, list_mixed_sources, make_mixture, partition
from tests.parts.part import ANSWER_WITHIN_S
from tests.parts.sandbox_stack import SandboxStack, sandbox_stack
from tests.parts.trying import read_policy, try_other_click
from tests.parts.waiting import wait_until

__all__ = ["sandbox_stack"]
REQUESTS, SEED, THREADS = 1000, 20261130, 4
_OF_EACH_ANSWER = {"date", "x-request-id", "content-length"}


class Answer(msgspec.Struct, frozen=True):
    """An answer without what belongs to one answer only, and its receipt."""

    status: int
    headers: dict[str, str]
    body: str
    receipt: str


Pair = tuple[Mixed, Answer, Answer]


def ask(connection: HTTPSConnection, mixed: Mixed, target: str) -> Answer:
    """Ask until edge and backend have the same policy. Until then the answer is 503, and nothing is booked."""
    answers: list[Answer] = []

    def is_answered() -> bool:
        answers.append(ask_once(connection, mixed, target))
        return answers[-1].status != HTTPStatus.SERVICE_UNAVAILABLE

    wait_until(is_answered, what="a policy that edge and backend agree on")
    return answers[-1]


def ask_once(connection: HTTPSConnection, mixed: Mixed, target: str) -> Answer:
    request = mixed.request
    connection.request(request.method, target, request.body or None, request.headers)
    answer = connection.getresponse()
    body, headers = answer.read(), {name.lower(): value for name, value in answer.getheaders()}
    receipt = headers["x-request-id"]
    others = {name: value for name, value in headers.items() if name not in _OF_EACH_ANSWER}
    return Answer(answer.status, others, read_body(body, receipt), receipt)


def read_body(body: bytes, receipt: str) -> str:
    """The text of an answer, without the receipt; and without an explanation, which is beside production's answer."""
    beside = body.find(b',"explanation":{')
    answered = body if beside < 0 else body[:beside] + b"}"
    assert body == answered or json.loads(body).keys() == {*json.loads(answered), "explanation"}
    return repr(answered.replace(receipt.encode(), b"RECEIPT"))


@pytest.fixture(scope="module")
def pairs(sandbox_stack: SandboxStack) -> list[Pair]:
    sources = add_mixed_sources(sandbox_stack.database, sandbox_stack.master_key)
    mixture = make_mixture(sandbox_stack.database, sources, REQUESTS, int(time.time()), SEED)
    for slug in sources:  # each has a policy of its own, and a policy with one may lack those that were added after it
        sandbox_stack.wait_for_source(slug)

    def send(share: list[Mixed]) -> list[Pair]:
        edge = sandbox_stack.edge
        connection = HTTPSConnection("127.0.0.1", edge.https_port, context=edge.tls_context(), timeout=ANSWER_WITHIN_S)
        try:
            return [
                (mixed, ask(connection, mixed, mixed.request.target), ask(connection, mixed, mixed.sandbox_target))
                for mixed in share
            ]
        finally:
            connection.close()

    with ThreadPoolExecutor(THREADS) as pool:
        return [pair for answered in pool.map(send, partition(mixture, THREADS)) for pair in answered]


def test_the_answers_are_equal_except_for_the_receipt(pairs: list[Pair]) -> None:
    different = [
        (mixed.request.target, production, sandbox)
        for mixed, production, sandbox in pairs
        if msgspec.structs.astuple(production)[:3] != msgspec.structs.astuple(sandbox)[:3]
    ]

    assert len(pairs) == REQUESTS
    assert different == []
    assert {answer.status for _, answer, _ in pairs} >= {200, 400, 401, 404, 405, 409, 415, 422}


def test_no_row_of_the_sandbox_is_in_the_ledger(sandbox_stack: SandboxStack, pairs: list[Pair]) -> None:
    tried = [sandbox.receipt for *_, sandbox in pairs]

    for table in ("postbacks", "conversions", "conversion_events"):
        found = f"SELECT count(*) FROM public.{table} WHERE id = ANY(%s::uuid[])"
        assert sandbox_stack.fetch(found, tried) == [(0,)]
    of_sandbox = sandbox_stack.fetch("SELECT count(*) FROM sandbox.postbacks WHERE id = ANY(%s::uuid[])", tried)
    assert of_sandbox[0][0] > REQUESTS / 2


def test_a_trial_of_other_rules_first_gives_the_verdicts_on_record(
    sandbox_stack: SandboxStack, pairs: list[Pair]
) -> None:
    """The control of `apply --what-if`: postbacks of all presets and dialects, folded again from the beginning."""
    policy = read_policy(sandbox_stack.database, sandbox_stack.master_key)
    tables = {slug: try_other_click(sandbox_stack.database, policy, slug) for slug in list_mixed_sources()}

    assert {slug: table.drift for slug, table in tables.items() if table.drift} == {}
    assert [slug for slug, table in tables.items() if table.as_recorded != table.judged] == []
    assert sum(table.judged for table in tables.values()) > REQUESTS / 5  # the others are forged, or hold names only

"""No target makes edge and backend disagree about a source: a malformed one is refused for good, never with 503."""

import random

import pytest

from tests.edge.wire import answer_to
from tests.parts.backend import Backend
from tests.parts.edge import Edge

ROUTES = ("/tracking/postback", "/tracking/postback/", "/tracking/postback/acme", "/tracking/postback/%61cme")
PATH_TOKENS = ("acme", "%61", "%2F", "/", "%zz", "%C3%A9", "%FF", "+", ";", "%20", "%0a", "%00", ".", "%2e", "é")
QUERY_PARTS = (
    "source=acme", "source=%61cme", "s%6furce=acme", "source", "source=", "source=%zz", "=", "", "x=1", "x=%zz", "%",
    "%00", "x=%FF", "+", "&" * 98,
)  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def ready(edge: Edge, backend: Backend) -> None:
    backend.wait_for_source("acme")
    edge.wait_for_source("acme")


@pytest.mark.parametrize(
    ("target", "answer"),
    [
        ("/tracking/postback?source=acme&payout=%zz", (400, "malformed")),
        ("/tracking/postback/acme?x=%zz", (401, "missing_signature")),
        ("/tracking/postback?source=acme&payout=%ff", (400, "malformed")),
        ("/tracking/postback?source=%zz", (404, "unknown_source")),
        ("/tracking/postback?source=acme&source=acme", (404, "unknown_source")),
        ("/tracking/postback?source=acme" + "&" * 100, (400, "malformed")),
        ("/tracking/postback/acme?" + "&" * 100, (400, "malformed")),
    ],
)
def test_a_malformed_target_is_refused_for_good(edge: Edge, target: str, answer: tuple[int, str]) -> None:
    assert answer_to(edge, target) == answer


def test_no_target_is_answered_with_503(edge: Edge) -> None:
    chosen = random.Random(13)  # noqa: S311 - a fixed seed makes the same targets in every run
    targets = [
        chosen.choice(ROUTES)
        + "".join(chosen.choices(PATH_TOKENS, k=chosen.choice((0, 0, 1, 3))))
        + "?"
        + "&".join(chosen.choices(QUERY_PARTS, k=chosen.randint(0, 4)))
        for _ in range(600)
    ]

    answers = {target: answer_to(edge, target) for target in targets}

    assert {target: answer for target, answer in answers.items() if answer[0] not in (400, 401, 404)} == {}
    assert {code for code, _ in answers.values()} == {400, 401, 404}

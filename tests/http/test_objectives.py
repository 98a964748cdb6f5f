"""What the objectives count: authenticated postbacks. Refusals of strangers are a series of their own."""

import pytest

from tests.http.conftest import Service
from tests.parts.sender import Postback, Sender

FAST, SLOW = (f'postledger_authenticated_postbacks_total{{result="{result}"}}' for result in ("fast", "slow"))
ACME_STRANGERS, UNKNOWN_STRANGERS = (
    f'postledger_stranger_refusals_total{{source="{source}"}}' for source in ("acme", "unknown")
)
ACME, STRICT = Sender("acme"), Sender("strict")
FORGED = Postback("GET", "/tracking/postback/acme?click_id=A&ts=1&sig=00")
UNKNOWN = Postback("GET", "/tracking/postback/nobody?click_id=A")


@pytest.mark.parametrize(
    ("postback", "code", "counts"),
    [
        (ACME.get({"click_id": "objective"}), 200, (1, 0, 0)),
        (ACME.get({"click_id": "objective", "payout": "x"}), 400, (1, 0, 0)),
        (STRICT.get({"click_id": "no-such-click"}), 422, (1, 0, 0)),
        (FORGED, 401, (0, 1, 0)),
        (UNKNOWN, 404, (0, 0, 1)),
    ],
)
def test_a_postback_counts_as_authenticated_or_as_a_strangers(
    service: Service, postback: Postback, code: int, counts: tuple[int, int, int]
) -> None:
    before = service.counted(FAST, SLOW, ACME_STRANGERS, UNKNOWN_STRANGERS)

    assert service.send(postback).code == code

    after = service.counted(FAST, SLOW, ACME_STRANGERS, UNKNOWN_STRANGERS)
    fast, slow, acme, unknown = (last - first for first, last in zip(before, after, strict=True))
    assert (fast + slow, acme, unknown) == counts

"""What evidence says about the signature of a postback, from what was stored of its check."""

from datetime import UTC, datetime
from typing import Any

import pytest

from postledger.audit.evidence.signature_check import WORDS, check_signature
from postledger.policy.source import Settings

ROW: dict[str, Any] = {
    "reason": None, "observed": None, "scheme": 0, "method": "GET", "secret_id": 7, "secret_position": 0,
    "signed_at": datetime(2026, 10, 15, tzinfo=UTC), "policy_version": 3,
}  # fmt: skip


def test_a_right_signature_names_secret_time_and_what_it_covers() -> None:
    found = check_signature(ROW, Settings())

    assert (found.result, found.secret_id, found.signed_at, found.policy_version) == (
        "valid", 7, ROW["signed_at"], 3,
    )  # fmt: skip
    assert found.covers == "all parameters"


def test_a_token_proves_the_sender_and_signs_nothing() -> None:
    found = check_signature(ROW, Settings(auth="token", token="key"))

    assert (found.result, found.covers) == ("token", None)


@pytest.mark.parametrize(
    ("change", "result", "reason"),
    [
        ({"secret_id": None, "reason": "bad_signature"}, "invalid", "bad_signature"),
        ({"secret_id": None, "observed": ["stale_timestamp"]}, "invalid", "stale_timestamp"),
        ({"secret_id": None, "reason": "malformed"}, "not_checked", None),
        ({"reason": "conflict"}, "valid", None),
    ],
)
def test_what_was_wrong_is_named(change: dict[str, Any], result: str, reason: str | None) -> None:
    found = check_signature(ROW | change, Settings())

    assert (found.result, found.reason) == (result, reason)
    assert found.words in WORDS.values()


def test_a_source_without_signatures_needs_none() -> None:
    assert check_signature(ROW | {"secret_id": None}, Settings(auth="none")).result == "not_required"


def test_settings_that_cannot_be_read_leave_the_result() -> None:
    found = check_signature(ROW, None)

    assert (found.result, found.covers) == ("valid", None)

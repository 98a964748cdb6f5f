"""Which stored postbacks a replay may judge at all."""

from datetime import UTC, datetime
from typing import Any

import pytest

from postledger.audit.replay.belief import Left, find_left_out
from postledger.audit.replay.selection import StoredRow
from postledger.vocabulary.refusal import Reason
from tests.parts.signed_requests import source

ROW = StoredRow(
    id="r", received_at=datetime(2026, 11, 29, tzinfo=UTC), source="acme", source_address=None, method="GET",
    verdict="refused", reason="unknown_click", parameter=None, cause=None, conversion_id=None, secret_id=11, event=None,
    click_id=None, transaction_id=None, status=None, payout=None, currency=None, event_time=None, raw=b"click_id=A",
    is_cut=False, observed=None, body_kind=None, scheme=None, decoding=None, signed_at=None, idempotency_key=None,
    policy_version=412, dedup_key=None,
)  # fmt: skip
OF_SIGNATURE = ("missing_signature", "bad_signature", "stale_timestamp", "future_timestamp")
OF_AN_EARLIER_RELEASE: dict[str, Any] = {"secret_id": None, "policy_version": None}


@pytest.mark.parametrize("reason", OF_SIGNATURE)
@pytest.mark.parametrize("settings", [{}, {"mode": "observe"}, {"auth": "none"}])
def test_what_was_refused_for_its_signature_is_never_believed(reason: str, settings: dict[str, Any]) -> None:
    row = ROW._replace(reason=reason, **OF_AN_EARLIER_RELEASE)

    assert find_left_out(row, source(**settings)) == (Left.NOT_BELIEVED, reason)


@pytest.mark.parametrize("reason", ["malformed", "unsupported_media_type", "payload_too_large", "method_not_allowed"])
def test_of_what_could_not_be_read_nothing_is_kept(reason: str) -> None:
    row = ROW._replace(reason=reason, **OF_AN_EARLIER_RELEASE)

    assert find_left_out(row, source()) == (Left.NOT_KEPT, reason)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"source": None}, "unknown_source"), ({"raw": b""}, "erased or empty"), ({"is_cut": True}, "only its beginning")],
)
def test_a_row_without_its_content_is_not_kept(changes: dict[str, Any], reason: str) -> None:
    assert find_left_out(ROW._replace(**changes), source()) == (Left.NOT_KEPT, reason)


def test_a_row_of_a_source_that_is_not_in_force_is_not_believed() -> None:
    assert find_left_out(ROW, None) == (Left.NOT_BELIEVED, "source not in force")


@pytest.mark.parametrize(
    ("settings", "is_believed"), [({}, False), ({"mode": "observe"}, True), ({"auth": "none"}, True)]
)
def test_an_unsigned_row_is_believed_only_if_its_source_takes_unsigned_ones_today(
    settings: dict[str, Any], is_believed: bool
) -> None:
    left_out = find_left_out(ROW._replace(secret_id=None), source(**settings))

    assert left_out == (None if is_believed else (Left.NOT_BELIEVED, "missing_signature"))


@pytest.mark.parametrize("reason", ["ip_not_allowed", "client_certificate", "bad_signature"])
def test_what_was_only_observed_is_not_believed_by_a_source_that_enforces_today(reason: str) -> None:
    row = ROW._replace(observed=[reason])

    assert find_left_out(row, source()) == (Left.NOT_BELIEVED, reason)
    assert find_left_out(row, source(mode="observe")) is None


def test_a_wrong_signature_that_was_only_observed_is_not_called_a_missing_one() -> None:
    row = ROW._replace(secret_id=None, observed=["bad_signature"])

    assert find_left_out(row, source()) == (Left.NOT_BELIEVED, "bad_signature")


@pytest.mark.parametrize("reason", ["unknown_click", "conflict"])
def test_a_row_of_an_earlier_release_that_reached_the_ledger_was_believed(reason: str) -> None:
    by = source(auth="none")

    assert find_left_out(ROW._replace(reason=reason, **OF_AN_EARLIER_RELEASE), by) is None
    assert find_left_out(ROW._replace(reason="invalid_parameter", **OF_AN_EARLIER_RELEASE), by) is not None


def test_no_reason_of_a_signature_reaches_the_ledger() -> None:
    rows = [ROW._replace(reason=str(reason), **OF_AN_EARLIER_RELEASE) for reason in Reason]

    believed = [row.reason for row in rows if find_left_out(row, source(auth="none")) is None]

    assert believed == ["unknown_click", "conflict"]

"""Why a click is shed: its place belongs to a postback, or it cannot be written."""

from datetime import UTC, datetime

import pytest

from postledger.clicks.store import StoreClick
from postledger.ledger.group_commit import RowRejected
from postledger.vocabulary.click import Click, ShedCause
from postledger.vocabulary.refusal import Reason, Refused, Shed

CLICK = Click("abc", 1, None, None, datetime(2026, 11, 21, tzinfo=UTC))


def test_a_click_that_was_written_is_not_shed() -> None:
    written: list[Click] = []

    assert StoreClick(written.append)(CLICK) is None
    assert written == [CLICK]


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (Shed(), ShedCause.QUEUE),
        (Refused(Reason.UNAVAILABLE), ShedCause.UNAVAILABLE),
        (RowRejected(), ShedCause.UNAVAILABLE),
    ],
)
def test_a_click_without_a_place_or_a_ledger_is_shed(error: Exception, cause: ShedCause) -> None:
    def fail(_: Click) -> None:
        raise error

    assert StoreClick(fail)(CLICK) is cause

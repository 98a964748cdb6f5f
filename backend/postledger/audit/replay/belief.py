"""Decides whether a stored postback may be judged again at all. Pure.

A row is judged again only if its request was let in when it came: verified, or from a source that took it unsigned. A
replay never lets in what was refused for its signature, and judges no row whose content is not whole.
"""

from enum import StrEnum

from postledger.audit.replay.selection import StoredRow
from postledger.policy.source import Source
from postledger.vocabulary.refusal import Reason

_NAMES_ONLY = frozenset({
    Reason.MALFORMED,
    Reason.UNSUPPORTED_MEDIA_TYPE,
    Reason.PAYLOAD_TOO_LARGE,
    Reason.UNKNOWN_SOURCE,
    Reason.METHOD_NOT_ALLOWED,
})  # fmt: skip
"""Of a request that was refused for one of these, only the names of its parameters were stored."""
_OF_LEDGER = frozenset({Reason.UNKNOWN_CLICK, Reason.CONFLICT})
"""Only a postback that was believed reached the ledger, which refuses for these."""
_OBSERVED = frozenset({
    Reason.IP_NOT_ALLOWED,
    Reason.CLIENT_CERTIFICATE,
    Reason.MISSING_SIGNATURE,
    Reason.BAD_SIGNATURE,
    Reason.STALE_TIMESTAMP,
    Reason.FUTURE_TIMESTAMP,
})  # fmt: skip


class Left(StrEnum):
    """Why a row is left out: it cannot be believed, or its content was not kept."""

    NOT_BELIEVED = "not believed"
    NOT_KEPT = "not kept"


LeftOut = tuple[Left, str]
"""Why a row is not judged, and the reason that is counted."""


def find_left_out(row: StoredRow, source: Source | None) -> LeftOut | None:
    """Return why a row is not judged again; None if it is. `source` is None if it is not in force."""
    lost = _find_lost(row)
    if lost is not None:
        return Left.NOT_KEPT, lost
    if source is None:
        return Left.NOT_BELIEVED, "source not in force"
    if not _was_let_in(row):
        return Left.NOT_BELIEVED, str(row.reason)
    return _find_disbelief(row, source)


def _find_lost(row: StoredRow) -> str | None:
    if row.source is None:
        return str(Reason.UNKNOWN_SOURCE)
    if row.reason in _NAMES_ONLY and row.secret_id is None:
        return row.reason
    if not row.raw:
        return "erased or empty"
    return "only its beginning" if row.is_cut else None


def _was_let_in(row: StoredRow) -> bool:
    # A row of an earlier release has no policy version.
    if row.secret_id is not None or row.policy_version is not None or row.verdict != "refused":
        return True
    return row.reason in _OF_LEDGER


def _find_disbelief(row: StoredRow, source: Source) -> LeftOut | None:
    """Return why a source that is stricter today does not take what it took then."""
    settings = source.settings
    if settings.mode == "observe":
        return None
    observed = next((reason for reason in row.observed or () if reason in _OBSERVED), None)
    if observed is None and row.secret_id is None and settings.auth != "none":
        observed = Reason.MISSING_SIGNATURE
    return None if observed is None else (Left.NOT_BELIEVED, str(observed))

"""Maps verdicts and refusal reasons to HTTP statuses, so that the status tells the sender whether to retry.

A repeat is success, a fault of the sender is 4xx, a fault of Postledger is 503.
"""

from collections.abc import Mapping

from postledger.vocabulary.refusal import Reason
from postledger.vocabulary.statuses import Verdict

HTTP_BY_REASON: Mapping[Reason, int] = {
    Reason.UNKNOWN_SOURCE: 404,
    Reason.NOT_FOUND: 404,
    Reason.IP_NOT_ALLOWED: 403,
    Reason.CLIENT_CERTIFICATE: 403,
    Reason.RATE_LIMITED: 429,
    Reason.MISSING_SIGNATURE: 401,
    Reason.BAD_SIGNATURE: 401,
    Reason.STALE_TIMESTAMP: 401,
    Reason.FUTURE_TIMESTAMP: 401,
    Reason.UNKNOWN_CLICK: 422,
    Reason.CONFLICT: 409,
    Reason.METHOD_NOT_ALLOWED: 405,
    Reason.MALFORMED: 400,
    Reason.MISSING_PARAMETER: 400,
    Reason.INVALID_PARAMETER: 400,
    Reason.DUPLICATE_PARAMETER: 400,
    Reason.UNRESOLVED_MACRO: 400,
    Reason.UNSUPPORTED_VERSION: 400,
    Reason.UNSUPPORTED_MEDIA_TYPE: 415,
    Reason.PAYLOAD_TOO_LARGE: 413,
    Reason.TIMEOUT: 408,
    Reason.UNAVAILABLE: 503,
}
TAKEN_AND_NOT_BOOKED = (Verdict.PARKED, Verdict.SPOOLED)


def find_http_status(verdict: Verdict, reason: Reason | None) -> int:
    """Return the status of our JSON answer. A network can require another one."""
    if reason is not None:
        return HTTP_BY_REASON[reason]
    return 202 if verdict in TAKEN_AND_NOT_BOOKED else 200

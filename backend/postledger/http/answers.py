"""Maps verdicts and refusal reasons to HTTP responses, so that the status tells the sender whether to retry.

A repeat is success, a fault of the sender is 4xx, a fault of Postledger is 503 with `Retry-After`. A response contains
nothing that was sent, except the validated id that a network requires.
"""

import falcon
import msgspec

from postledger.ingest.receive import Reply
from postledger.responses.network_responses import NetworkResponse
from postledger.vocabulary.refusal import Reason, Refusal
from postledger.vocabulary.statuses import Verdict

RETRY_AFTER_S = 1

STATUS_BY_REASON = {
    Reason.UNKNOWN_SOURCE: falcon.HTTP_404,
    Reason.NOT_FOUND: falcon.HTTP_404,
    Reason.IP_NOT_ALLOWED: falcon.HTTP_403,
    Reason.CLIENT_CERTIFICATE: falcon.HTTP_403,
    Reason.RATE_LIMITED: falcon.HTTP_429,
    Reason.MISSING_SIGNATURE: falcon.HTTP_401,
    Reason.BAD_SIGNATURE: falcon.HTTP_401,
    Reason.STALE_TIMESTAMP: falcon.HTTP_401,
    Reason.FUTURE_TIMESTAMP: falcon.HTTP_401,
    Reason.UNKNOWN_CLICK: falcon.HTTP_422,
    Reason.CONFLICT: falcon.HTTP_409,
    Reason.METHOD_NOT_ALLOWED: falcon.HTTP_405,
    Reason.MALFORMED: falcon.HTTP_400,
    Reason.MISSING_PARAMETER: falcon.HTTP_400,
    Reason.INVALID_PARAMETER: falcon.HTTP_400,
    Reason.DUPLICATE_PARAMETER: falcon.HTTP_400,
    Reason.UNRESOLVED_MACRO: falcon.HTTP_400,
    Reason.UNSUPPORTED_VERSION: falcon.HTTP_400,
    Reason.UNSUPPORTED_MEDIA_TYPE: falcon.HTTP_415,
    Reason.PAYLOAD_TOO_LARGE: falcon.HTTP_413,
    Reason.TIMEOUT: falcon.HTTP_408,
    Reason.UNAVAILABLE: falcon.HTTP_503,
}
_TAKEN_AND_NOT_BOOKED = (Verdict.PARKED, Verdict.SPOOLED)


def answer(response: falcon.Response, receipt: str, reply: Reply) -> None:
    """Answer a postback with its verdict and receipt. The edge logs the verdict header and removes it."""
    outcome = reply.outcome
    response.set_header("X-Postledger-Verdict", outcome.verdict.value)
    response.context.is_authenticated = reply.is_authenticated  # for the observer
    if outcome.refusal is not None:
        answer_refusal(response, receipt, outcome.refusal)
    else:
        response.status = falcon.HTTP_202 if outcome.verdict in _TAKEN_AND_NOT_BOOKED else falcon.HTTP_200
        response.data = b'{"status":"%b","id":"%b"}' % (outcome.verdict.value.encode(), receipt.encode())
    if reply.response is not None:
        _answer_for_network(response, reply.response)


def _answer_for_network(response: falcon.Response, required: NetworkResponse) -> None:
    # Replaces status and body of the JSON answer. The receipt stays in X-Request-Id, which the edge adds.
    if required.status is not None:
        response.status = falcon.code_to_http_status(required.status)
    if required.body is not None:
        response.content_type = "text/plain; charset=utf-8"
        response.data = required.body


def answer_refusal(response: falcon.Response, receipt: str, refusal: Refusal) -> None:
    """Answer with the reason and what narrows it: the parameter at fault, the style of an unfilled macro, the cause."""
    response.status = STATUS_BY_REASON[refusal.reason]
    response.set_header("X-Postledger-Reason", refusal.reason.value)
    parameter = f',"parameter":{_quote(refusal.parameter)}' if refusal.parameter else ""
    macro = f',"macro":"{refusal.macro}"' if refusal.macro else ""
    cause = f',"cause":"{refusal.cause.value}"' if refusal.cause else ""
    offset = "" if refusal.byte_offset is None else f',"byte_offset":{refusal.byte_offset}'
    named = f'"reason":"{refusal.reason.value}"{parameter}{macro}{cause}{offset}'
    response.data = f'{{"status":"refused","id":"{receipt}",{named}}}'.encode()
    if refusal.reason in (Reason.UNAVAILABLE, Reason.RATE_LIMITED):
        response.set_header("Retry-After", str(RETRY_AFTER_S))
    if refusal.reason is Reason.METHOD_NOT_ALLOWED:
        response.set_header("Allow", "GET, POST")


def _quote(name: str) -> str:
    # Canonical names need no escaping, but names in `status_parameters` and `test_parameters` are configured text.
    return msgspec.json.encode(name).decode()


def answer_get_only(response: falcon.Response, receipt: str) -> None:
    """Answer 405 on a route that allows only GET and HEAD."""
    answer_refusal(response, receipt, Refusal(Reason.METHOD_NOT_ALLOWED))
    response.set_header("Allow", "GET, HEAD")


def answer_not_found(response: falcon.Response, receipt: str) -> None:
    """Answer 404 for a path without a route."""
    answer_refusal(response, receipt, Refusal(Reason.NOT_FOUND))


def answer_error(response: falcon.Response, receipt: str) -> None:
    """Answer 500 after a bug, with nothing but the receipt, which finds the log entry."""
    response.status = falcon.HTTP_500
    response.data = b'{"status":"error","id":"%b"}' % receipt.encode()

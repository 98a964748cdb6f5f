"""Writes verdicts and refusals as HTTP responses.

A response contains nothing that was sent, except the validated id that a network requires.
"""

import falcon
import msgspec

from postledger.ingest.receive import Reply
from postledger.responses.http_statuses import HTTP_BY_REASON, TAKEN_AND_NOT_BOOKED
from postledger.responses.network_responses import NetworkResponse
from postledger.vocabulary.refusal import Reason, Refusal

RETRY_AFTER_S = 1

STATUS_BY_REASON = {reason: falcon.code_to_http_status(status) for reason, status in HTTP_BY_REASON.items()}


def answer(response: falcon.Response, receipt: str, reply: Reply) -> None:
    """Answer a postback with its verdict and receipt. The edge logs the verdict header and removes it."""
    outcome = reply.outcome
    response.set_header("X-Postledger-Verdict", outcome.verdict.value)
    response.context.is_authenticated = reply.is_authenticated  # for the observer
    if outcome.refusal is not None:
        answer_refusal(response, receipt, outcome.refusal)
    else:
        response.status = falcon.HTTP_202 if outcome.verdict in TAKEN_AND_NOT_BOOKED else falcon.HTTP_200
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

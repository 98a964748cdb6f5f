"""`/receipts/{id}`: what became of a postback, for the holder of its source's partner token."""

from collections.abc import Callable

import falcon
import msgspec

from postledger.http.answers import answer_get_only
from postledger.http.requests import SOURCE, receipt_of
from postledger.http.sandbox.gatekeeper import Gatekeeper, answer_no_token
from postledger.partners.receipts import Receipt
from postledger.policy.policy import Policy
from postledger.policy.source import Source

Find = Callable[[Source, str, int | None], Receipt | None]
"""Finds a receipt of a source, given the status with which the edge has answered it, if that is known."""

NOTHING_FOUND = msgspec.json.encode({
    "status": "refused",
    "reason": "not_found",
    "note": "refused at the edge, erased, or not recorded; the operator has the counts of refusals by minute",
})  # fmt: skip
"""The answer to a receipt of another source, of no one, and to an erased one. Without an id its bytes are equal."""

_OF_EDGE = "HTTP_X_EDGE_ANSWERED"


class ReceiptResource:
    """Looks receipts up."""

    route = "receipts"

    def __init__(self, find: Find, policy: Callable[[], Policy | None], gatekeeper: Gatekeeper) -> None:
        self._find, self._policy, self._gatekeeper = find, policy, gatekeeper

    def on_get(self, request: falcon.Request, response: falcon.Response, receipt: str) -> None:
        """Answer with a receipt, or 404."""
        slug = self._gatekeeper.source_of(request, response)
        policy = self._policy()
        source = None if slug is None or policy is None else policy.sources.get(slug)
        if source is None:
            answer_no_token(request, response)
            return
        request.env[SOURCE] = source.slug
        found = self._find(source, receipt, _read_status(request.env.get(_OF_EDGE, "")))
        response.set_header("Cache-Control", "no-store")
        if found is None:
            response.status, response.data = falcon.HTTP_404, NOTHING_FOUND
        else:
            response.data = _encode(found)

    on_head = on_get

    def on_options(self, request: falcon.Request, response: falcon.Response, receipt: str) -> None:  # noqa: ARG002
        """Refuse OPTIONS like every other method; Falcon would answer 200."""
        answer_get_only(response, receipt_of(request))


def _read_status(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() else None


def _encode(found: Receipt) -> bytes:
    fields = msgspec.structs.asdict(found)
    if found.note is None:
        del fields["note"]
    return msgspec.json.encode(fields)

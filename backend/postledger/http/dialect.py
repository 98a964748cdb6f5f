"""Postbacks on the paths of other trackers: `/{key}/postback`, `/click.php`, and any other path of a source's `paths`.

The edge finds the source that a path belongs to and names it in a header, which it removes from incoming requests. So
edge and backend always judge the request for the same source.
"""

from typing import Any

import falcon

from postledger.http.answers import answer, answer_not_found
from postledger.http.requests import ROUTE, SOURCE, read_postback, receipt_of
from postledger.ingest.receive import ReceivePostback
from postledger.vocabulary.refusal import Reason, Refusal


class DialectSink:
    """Receives every request without a route of its own; without a source it answers 404."""

    route = "dialect"

    def __init__(self, receive: ReceivePostback) -> None:
        self._receive = receive

    def __call__(self, req: falcon.Request, resp: falcon.Response, **_: Any) -> None:
        """Receive one postback for the source that the edge names. Falcon passes the arguments by these names."""
        request, response = req, resp
        slug = request.env.get("HTTP_X_EDGE_SOURCE", "")
        if not slug:
            answer_not_found(response, receipt_of(request))
            return
        request.env[ROUTE], request.env[SOURCE] = self.route, slug
        is_read = request.method in ("GET", "POST")
        postback = read_postback(request, with_body=is_read)
        unread = None if is_read else Refusal(Reason.METHOD_NOT_ALLOWED)
        answer(response, postback.receipt, self._receive(slug, postback, unread))

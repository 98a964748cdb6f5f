"""Addresses as other trackers gave them out: `/{key}/postback`, `/click.php`, and whatever else a source has for paths.

Whose such an address is, the edge has found out before it let the request in; it says so in a header of its own, which
no sender can send. So both always judge and book for the same source.
"""

from typing import Any

import falcon

from postledger.http.answers import answer, answer_not_found
from postledger.http.requests import ROUTE, SOURCE, read_postback, receipt_of
from postledger.ingest.receive import ReceivePostback
from postledger.vocabulary.refusal import Reason


class DialectSink:
    """Receives what came to no path of ours; nobody's is answered 404."""

    route = "dialect"

    def __init__(self, receive: ReceivePostback) -> None:
        self._receive = receive

    def __call__(self, req: falcon.Request, resp: falcon.Response, **_: Any) -> None:
        """Receive one postback for the source that the edge has named; Falcon's names for the arguments."""
        request, response = req, resp
        slug = request.env.get("HTTP_X_EDGE_SOURCE", "")
        if not slug:
            answer_not_found(response, receipt_of(request))
            return
        request.env[ROUTE], request.env[SOURCE] = self.route, slug
        is_read = request.method in ("GET", "POST")
        postback = read_postback(request, with_body=is_read)
        unread = None if is_read else Reason.METHOD_NOT_ALLOWED
        answer(response, postback.receipt, self._receive(slug, postback, unread))

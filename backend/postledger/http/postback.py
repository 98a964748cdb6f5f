"""`/tracking/postback/{source}`: the route of postbacks."""

import falcon

from postledger.decoding.pairs import find_slug, has_too_many
from postledger.http.answers import answer
from postledger.http.requests import SOURCE, read_postback
from postledger.ingest.receive import ReceivePostback
from postledger.vocabulary.refusal import Cause, Reason, Refusal

TOO_MANY = Refusal(Reason.MALFORMED, cause=Cause.TOO_MANY_PARAMETERS)


class PostbackResource:
    """Receives postbacks; the source is in the path or in the query parameter `source`."""

    route = "postback"

    def __init__(self, receive: ReceivePostback) -> None:
        self._receive = receive

    def on_get(self, request: falcon.Request, response: falcon.Response, source: str | None = None) -> None:
        """Receive one postback and answer with its verdict."""
        postback = read_postback(request)
        slug = request.env[SOURCE] = find_slug(postback.query) if source is None else source
        # Without a slug nothing else would report that the query is malformed.
        unread = TOO_MANY if not slug and has_too_many(postback.query) else None
        answer(response, postback.receipt, self._receive(slug, postback, unread))

    on_post = on_get

    def _refuse_method(self, request: falcon.Request, response: falcon.Response, source: str | None = None) -> None:
        postback = read_postback(request, with_body=False)
        slug = request.env[SOURCE] = find_slug(postback.query) if source is None else source
        answer(response, postback.receipt, self._receive(slug, postback, Refusal(Reason.METHOD_NOT_ALLOWED)))

    on_head = on_put = on_patch = on_delete = on_options = _refuse_method

"""`/tracking/postback/{source}`: the route of postbacks."""

import falcon

from postledger.decoding.pairs import read_segments
from postledger.http.answers import answer
from postledger.http.requests import SOURCE, read_postback
from postledger.ingest.receive import ReceivePostback
from postledger.vocabulary.refusal import Reason, Refused


class PostbackResource:
    """Receives postbacks; the source is in the path or in the query parameter `source`."""

    route = "postback"

    def __init__(self, receive: ReceivePostback) -> None:
        self._receive = receive

    def on_get(self, request: falcon.Request, response: falcon.Response, source: str | None = None) -> None:
        """Receive one postback and answer with its verdict."""
        postback = read_postback(request)
        slug = request.env[SOURCE] = _slug_in_query(postback.query) if source is None else source
        answer(response, postback.receipt, self._receive(slug, postback))

    on_post = on_get

    def _refuse_method(self, request: falcon.Request, response: falcon.Response, source: str | None = None) -> None:
        postback = read_postback(request, with_body=False)
        slug = request.env[SOURCE] = _slug_in_query(postback.query) if source is None else source
        answer(response, postback.receipt, self._receive(slug, postback, Reason.METHOD_NOT_ALLOWED))

    on_head = on_put = on_patch = on_delete = on_options = _refuse_method


def _slug_in_query(query: bytes) -> str:
    try:
        slugs = [value for _, name, value in read_segments(query) if name == "source"]
    except Refused:
        return ""  # no source has an empty slug
    return slugs[0] if len(slugs) == 1 else ""

"""`/sandbox/postback/{source}` and `/sandbox` before any path of a source: a postback that is tried.

It is judged and answered by the code of production. Callers that may know more get an explanation beside the answer.
"""

from collections.abc import Callable
from typing import Any, Literal

import falcon

from postledger.decoding.pairs import find_slug, has_too_many
from postledger.http.answers import answer
from postledger.http.postback import TOO_MANY
from postledger.http.requests import ROUTE, SOURCE, read_postback
from postledger.http.sandbox.gatekeeper import Gatekeeper, answer_no_token, has_token
from postledger.ingest.receive import ReceivePostback
from postledger.partners.judged import Judged, find_production_path, find_signed_address
from postledger.policy.policy import Policy
from postledger.vocabulary.incoming_request import Request
from postledger.vocabulary.refusal import Reason, Refusal

Mode = Literal["on", "off", "partners"]
Explain = Callable[[falcon.Request, falcon.Response, Judged], None]
"""Adds an explanation to an answer."""


class SandboxPostbackResource:
    """Receives postbacks on the sandbox's own route, and as a sink on the paths of sources."""

    route = "sandbox"

    def __init__(
        self,
        receive: ReceivePostback,
        policy: Callable[[], Policy | None],
        gatekeeper: Gatekeeper,
        mode: Mode,
        explain: Explain,
    ) -> None:
        self._receive, self._policy, self._gatekeeper = receive, policy, gatekeeper
        self._mode, self._explain = mode, explain

    def on_get(self, request: falcon.Request, response: falcon.Response, source: str | None = None) -> None:
        """Receive one postback, answer as production does, and explain the answer."""
        is_read = request.method in ("GET", "POST")
        postback = read_postback(request, with_body=is_read)
        slug, is_own_path = _find_source(request, postback, source)
        request.env[ROUTE], request.env[SOURCE] = self.route, slug
        holds_token = has_token(request)
        if holds_token and self._gatekeeper.source_of(request, response) != slug:
            answer_no_token(request, response)
            return
        unread = None if is_read else Refusal(Reason.METHOD_NOT_ALLOWED)
        if is_read and not slug and has_too_many(postback.query):
            unread = TOO_MANY
        judged = self._judge(slug, postback, unread, is_own_path=is_own_path, has_token=holds_token)
        answer(response, postback.receipt, judged.reply)
        if self._may_explain(judged):
            self._explain(request, response, judged)

    on_post = on_head = on_put = on_patch = on_delete = on_options = on_get

    def __call__(self, req: falcon.Request, resp: falcon.Response, **_: Any) -> None:
        """Receive a postback on the path of a source, which the edge names. Falcon passes these names."""
        self.on_get(req, resp, "")

    def _judge(
        self, slug: str, postback: Request, unread: Refusal | None, *, is_own_path: bool, has_token: bool
    ) -> Judged:
        policy = self._policy()
        source = policy.sources.get(slug) if policy is not None else None
        path = find_production_path(postback.path, is_own_path=is_own_path)
        request, address, is_verified = find_signed_address(postback, path, source if unread is None else None)
        reply = self._receive(slug, request, unread)
        return Judged(request, source, policy, reply, address, is_verified, has_token)

    def _may_explain(self, judged: Judged) -> bool:
        # Production says nothing more to a caller without a secret, because that helps to find one.
        return self._mode == "on" or judged.has_token or judged.is_verified


def _find_source(request: falcon.Request, postback: Request, named: str | None) -> tuple[str, bool]:
    """Return the slug, and whether the edge found it by a path that belongs to the source."""
    slug = find_slug(postback.query) if named is None else named
    of_edge = request.env.get("HTTP_X_EDGE_SOURCE", "")
    return (of_edge, True) if of_edge and of_edge != slug else (slug, False)

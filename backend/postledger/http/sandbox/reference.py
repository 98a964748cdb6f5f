"""`GET /sandbox/reference/{source}`: what is special about a source, for the holder of its token."""

from collections.abc import Callable

import falcon
import msgspec

from postledger.http.answers import answer_get_only, answer_refusal
from postledger.http.requests import SOURCE, receipt_of
from postledger.http.sandbox.gatekeeper import Gatekeeper
from postledger.partners.reference import describe_source
from postledger.policy.policy import Policy
from postledger.vocabulary.refusal import Reason, Refusal


class ReferenceResource:
    """Describes a source by the policy in force."""

    def __init__(self, policy: Callable[[], Policy | None], gatekeeper: Gatekeeper) -> None:
        self._policy, self._gatekeeper = policy, gatekeeper

    def on_get(self, request: falcon.Request, response: falcon.Response, source: str) -> None:
        """Answer with the reference of a source."""
        request.env[SOURCE] = source
        if not self._gatekeeper.admits(request, response, source):
            return
        policy = self._policy()
        found = policy.sources.get(source) if policy is not None else None
        if found is None:  # the token is valid, so the source exists: it was set up a moment ago
            answer_refusal(response, receipt_of(request), Refusal(Reason.UNAVAILABLE))
            return
        response.data = msgspec.json.encode(describe_source(found))

    on_head = on_get

    def on_post(self, request: falcon.Request, response: falcon.Response, source: str) -> None:
        """Refuse any other method."""
        request.env[SOURCE] = source
        answer_get_only(response, receipt_of(request))

    on_put = on_patch = on_delete = on_options = on_post

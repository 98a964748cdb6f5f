"""`/internal/policy`: the snapshot that the edge pulls every second, and that nobody else can reach."""

from collections.abc import Callable

import falcon

from postledger.policy.edge_snapshot import render_snapshot
from postledger.policy.policy import Policy


class PolicyResource:
    """Serves the current policy's snapshot; the version is its ETag, so that an unchanged one costs a short answer.

    Each process has a salt of its own, and an edge looks keys up by that of the snapshot which it has.
    """

    route = "policy"

    def __init__(self, policy: Callable[[], Policy | None], salt: bytes) -> None:
        self._policy, self._salt = policy, salt

    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        """Answer 200, 304 to an edge that has this version, or 503 as long as no policy was read."""
        policy = self._policy()
        if policy is None:
            response.status = falcon.HTTP_503
            return
        version = str(policy.version)
        response.set_header("ETag", f'"{version}"')
        if _knows(request, version):
            response.status = falcon.HTTP_304
        else:
            response.data = render_snapshot(policy, self._salt)


def _knows(request: falcon.Request, version: str) -> bool:
    """Whether `If-None-Match` names this version: a list, compared weakly (RFC 9110, section 13.1.2)."""
    return any(known in ("*", version) for known in request.if_none_match or ())

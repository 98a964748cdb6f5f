"""`/internal/policy`: the policy snapshot that the edge pulls every second."""

from collections.abc import Callable

import falcon

from postledger.policy.edge_snapshot import render_snapshot
from postledger.policy.policy import Policy


class PolicyResource:
    """Serves the snapshot of the policy in force, with its version as ETag, so that an unchanged one is answered 304.

    Each process has its own salt. The snapshot contains it, because the edge hashes keys with it.
    """

    route = "policy"

    def __init__(self, policy: Callable[[], Policy | None], salt: bytes) -> None:
        self._policy, self._salt = policy, salt

    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        """Answer 200, 304 if the edge has this version, or 503 until a policy was read."""
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

    on_head = on_get


def _knows(request: falcon.Request, version: str) -> bool:
    """Whether `If-None-Match` names this version: a list, compared weakly (RFC 9110, section 13.1.2)."""
    return any(known in ("*", version) for known in request.if_none_match or ())

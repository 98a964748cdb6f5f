"""Tells whether edge and backend used the same policy for the source of a request.

Both learn of a policy change within seconds, but not at the same moment. Until both know a source, its requests are
refused as unavailable: else an address that its allowlist excludes could send in the meantime.
"""

from postledger.policy.policy import Policy
from postledger.vocabulary.incoming_request import Request

NOT_IN_IT = "none"


def is_agreed(policy: Policy, slug: str, request: Request) -> bool:
    """Tell whether edge and backend agree on a source: both have it in a policy that is in force, or neither has it.

    The edge sends `none` if its policy has no such source. It sends the version of its policy if that is a copy from
    its disk that the backend has not confirmed, and nothing if the policy is in force. Without an edge, which always
    sends the client's address, there is nothing to agree on.
    """
    is_known, edge_policy = slug in policy.sources, request.edge_policy
    if edge_policy == NOT_IN_IT:
        return not is_known
    if edge_policy:
        return edge_policy == str(policy.version)
    return is_known or request.client_address is None

"""Whether the edge has judged a request's sender by what the backend knows of its source.

Both learn of a change within seconds, one after the other. A source is closed from its first moment to whom its
allowlist does not name, so where the two differ about it nobody speaks for it until they agree.
"""

from postledger.policy.policy import Policy
from postledger.vocabulary.incoming_request import Request

NOT_IN_IT = "none"


def is_agreed(policy: Policy, slug: str, request: Request) -> bool:
    """True when edge and backend mean the same by this source: both know it by policies in force, or neither does.

    The edge says `none` when its policy has no such source, and its policy's version when that is a copy from its disk
    which nobody has confirmed; nothing when it has judged the source as usual. Without an edge in front (which always
    tells an address) there is nobody to agree with.
    """
    is_known, said = slug in policy.sources, request.edge_policy
    if said == NOT_IN_IT:
        return not is_known
    if said:
        return said == str(policy.version)
    return is_known or request.client_address is None

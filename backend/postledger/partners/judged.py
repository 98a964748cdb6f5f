"""What the sandbox has made of one postback: what an explanation is made from."""

from typing import Literal

import msgspec
from msgspec.structs import replace

from postledger.ingest.receive import Reply, evaluate
from postledger.policy.policy import Policy
from postledger.policy.source import Source
from postledger.vocabulary.incoming_request import Request

Address = Literal["production", "sandbox"]
_PREFIX = b"/sandbox"


class Judged(msgspec.Struct, frozen=True):
    """A postback that was judged, and by what.

    - `request`: as it was judged. Its path is that of the address that was signed.
    - `observed` of the request: what the edge of production refuses it for, and the sandbox does not.
    - `address`: which address was signed, if the signature covers one: production's, or the sandbox's.
    - `is_verified`: whether a secret of the source signed it.
    - `has_token`: whether it came with a partner token of its source.
    """

    request: Request
    source: Source | None
    policy: Policy | None
    reply: Reply
    address: Address
    is_verified: bool
    has_token: bool


def find_signed_address(sent: Request, path: bytes, source: Source | None) -> tuple[Request, Address, bool]:
    """Return the request as it must be judged, which address its sender signed, and whether a secret signed it.

    A signature over the whole URL is valid for the address of production, which `path` is, and for that of the sandbox:
    a partner may send what was made for the one to the other. Without such a signature, production's path counts.
    """
    production = replace(sent, path=path)
    if _is_verified(production, source):
        return production, "production", True
    if _is_verified(sent, source):
        return sent, "sandbox", True
    return production, "production", False


def find_production_path(path: bytes, *, is_own_path: bool) -> bytes:
    """Return the path of production that a path of the sandbox stands for. A source's own path has no prefix there."""
    if not path.startswith(_PREFIX):
        return path
    rest = path[len(_PREFIX) :]
    return rest if is_own_path else b"/tracking" + rest


def _is_verified(request: Request, source: Source | None) -> bool:
    return source is not None and evaluate(request, source).secret_id is not None

"""One postback as it arrived: bytes and names, nothing interpreted, so that what is verified is what was sent."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from postledger.vocabulary.refusal import Reason

MAX_BODY_BYTES = 64 * 1024


class Request(msgspec.Struct, frozen=True):
    """A postback as received: path and query raw, header names lower-case, header values as WSGI gives them (latin-1).

    `observed` is what the edge would have refused it for, had the source not been in observe mode; `edge_policy` is
    what it says of the policy that it judged by, where that is not the usual one (see `agreement`).
    """

    receipt: str
    received_at: datetime
    method: str
    client_address: str | None = None
    path: bytes = b""
    query: bytes = b""
    body: bytes = b""
    media_type: str = ""
    headers: Mapping[str, str] = {}
    observed: tuple[Reason, ...] = ()
    edge_policy: str = ""

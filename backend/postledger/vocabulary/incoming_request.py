"""One postback as it arrived. Nothing is decoded yet, so that signatures are checked against what was sent."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from postledger.vocabulary.refusal import Reason

MAX_BODY_BYTES = 64 * 1024


class Request(msgspec.Struct, frozen=True):
    """A postback as received: path and query raw, header names lower-case, header values as WSGI gives them (latin-1).

    `media_type` is lower-case, without options except `charset`.

    `observed`: why the edge would refuse it if the source were not in observe mode. `edge_policy`: what the edge
    reports about the policy that it used, if that is not the one in force (see `ingest/edge_agreement.py`).
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

"""The closed list of reasons for which a request is refused.

A reason is an API code, a metric label and a column of the audit row. Lua, nginx and the documentation repeat the list;
`tests/unit/test_refusal_reasons.py` compares them with it.
"""

from enum import StrEnum

import msgspec


class Reason(StrEnum):
    """Why a request was refused. Senders, metrics and reports see the value."""

    UNKNOWN_SOURCE = "unknown_source"
    NOT_FOUND = "not_found"
    IP_NOT_ALLOWED = "ip_not_allowed"
    CLIENT_CERTIFICATE = "client_certificate"
    RATE_LIMITED = "rate_limited"
    MISSING_SIGNATURE = "missing_signature"
    BAD_SIGNATURE = "bad_signature"
    STALE_TIMESTAMP = "stale_timestamp"
    FUTURE_TIMESTAMP = "future_timestamp"
    UNKNOWN_CLICK = "unknown_click"
    CONFLICT = "conflict"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    MALFORMED = "malformed"
    MISSING_PARAMETER = "missing_parameter"
    INVALID_PARAMETER = "invalid_parameter"
    DUPLICATE_PARAMETER = "duplicate_parameter"
    UNRESOLVED_MACRO = "unresolved_macro"
    UNSUPPORTED_VERSION = "unsupported_version"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    PAYLOAD_TOO_LARGE = "payload_too_large"
    TIMEOUT = "timeout"
    UNAVAILABLE = "unavailable"


class Refusal(msgspec.Struct, frozen=True):
    """A refusal as a value: the reason and, if one parameter is at fault, its canonical name (never its value).

    `macro` is the style of a placeholder that was not filled, as `unresolved_macros.find_macro` names it.
    """

    reason: Reason
    parameter: str | None = None
    macro: str | None = None


class Refused(Exception):
    """Carries a `Refusal` to the caller that turns it into a value."""

    def __init__(self, reason: Reason, parameter: str | None = None, macro: str | None = None) -> None:
        super().__init__(reason.value)
        self.refusal = Refusal(reason, parameter, macro)


class Shed(Refused):
    """A row was dropped because its place in the queue belongs to others. A repeat of the request may be stored."""

    def __init__(self) -> None:
        super().__init__(Reason.UNAVAILABLE)

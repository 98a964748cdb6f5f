"""The closed lists of reasons for which a request is refused, and of the causes that narrow a reason.

A reason is an API code, a metric label and a column of the audit row. Lua, nginx and the documentation repeat the list;
`tests/unit/test_refusal_reasons.py` compares them with it. A cause is an API code and a column, and no label.
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


class Cause(StrEnum):
    """What exactly is wrong, if a reason alone does not say it. It is a fixed word and never quotes the request."""

    ENCODING = "encoding"
    NUL = "nul"
    JSON_SYNTAX = "json_syntax"
    JSON_STRUCTURE = "json_structure"
    JSON_NESTING = "json_nesting"
    JSON_DUPLICATE_KEY = "json_duplicate_key"
    TOO_MANY_PARAMETERS = "too_many_parameters"
    TOO_MANY_VALUES = "too_many_values"
    BODY_ON_GET = "body_on_get"
    PARAMETERS_BESIDE_BODY = "parameters_beside_body"
    SIGNED_TWICE = "signed_twice"
    REQUEST_HEAD = "request_head"
    MEDIA_TYPE = "media_type"
    CHARSET = "charset"
    CONTENT_ENCODING = "content_encoding"
    NOTICE = "notice"
    FUTURE = "future"
    NO_VALUE = "no_value"
    OTHER_CLICK = "other_click"
    DAMAGED_NAME = "damaged_name"
    PARAMETER_IN_VALUE = "parameter_in_value"
    PARTNER_TOKEN = "partner_token"  # noqa: S105 - a word of the API
    LEAKED_TOKEN = "leaked_token"  # noqa: S105


class Refusal(msgspec.Struct, frozen=True):
    """A refusal as a value: the reason and, if one parameter is at fault, its canonical name (never its value).

    - `macro`: the style of a placeholder that was not filled, as `unresolved_macros.find_macro` names it.
    - `cause`: what exactly is wrong, and in a body `byte_offset`: where, counted from 0.
    """

    reason: Reason
    parameter: str | None = None
    macro: str | None = None
    cause: Cause | None = None
    byte_offset: int | None = None


class Refused(Exception):
    """Carries a `Refusal` to the caller that turns it into a value."""

    def __init__(
        self,
        reason: Reason,
        parameter: str | None = None,
        macro: str | None = None,
        cause: Cause | None = None,
        byte_offset: int | None = None,
    ) -> None:
        super().__init__(reason.value)
        self.refusal = Refusal(reason, parameter, macro, cause, byte_offset)


class Shed(Refused):
    """A row was dropped because its place in the queue belongs to others. A repeat of the request may be stored."""

    def __init__(self) -> None:
        super().__init__(Reason.UNAVAILABLE)


def malformed(cause: Cause, byte_offset: int | None = None) -> Refused:
    """Make the refusal of a request that cannot be read."""
    return Refused(Reason.MALFORMED, cause=cause, byte_offset=byte_offset)

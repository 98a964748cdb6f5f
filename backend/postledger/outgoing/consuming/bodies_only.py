"""Lets py-amqp see only the bodies of messages. It decodes properties and routing keys before anything else can look.

One message with a header that is nested too deep, or with a routing key that is not UTF-8, would raise there. Nothing
could reject it, and it would stop every consumer.
"""

from collections.abc import Callable
from typing import Any

from amqp import spec
from amqp.method_framing import frame_handler

_METHOD, _HEADER = 1, 2
_DELIVER = b"".join(number.to_bytes(2, "big") for number in spec.Basic.Deliver)
_UP_TO_FLAGS = 12
"""Class, weight and size of the body. Flags follow, which say which properties there are."""
_TAG_AND_FLAG = 9
_NOTHING = b"\0\0"
"""No flag, or two texts that are empty."""
Frame = tuple[int, int, bytes]


def handle_bodies_only(connection: Any, callback: Callable[..., Any]) -> Callable[[Frame], Any]:
    """Make a handler of frames that hands on what is delivered without properties, exchange and routing key."""
    handle = frame_handler(connection, callback)

    def handle_frame(frame: Frame) -> Any:
        return handle(strip(frame))

    return handle_frame


def strip(frame: Frame) -> Frame:
    """Take out what a consumer does not need."""
    kind, channel, content = frame
    if kind == _HEADER:
        return kind, channel, bytes(content[:_UP_TO_FLAGS]) + _NOTHING
    if kind == _METHOD and content[:4] == _DELIVER:
        return kind, channel, bytes(content[: 5 + content[4] + _TAG_AND_FLAG]) + _NOTHING
    return frame

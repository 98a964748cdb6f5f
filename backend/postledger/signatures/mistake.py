"""One usual mistake in signing, and the messages that a sender who makes it signs."""

from functools import cached_property

import msgspec

KEY = b"\0<key>\0"
"""Stands for the key in a message, so that one variant serves every key."""


class Mistake(msgspec.Struct, frozen=True):
    """What the sender did, and one sentence on what to do. Of the request, only names of parameters are in it."""

    what: str
    advice: str


class Message(msgspec.Struct, frozen=True, dict=True):
    """A message that may have been signed, with `KEY` for the key. Only usual ones are combined with wrong keys."""

    mistakes: tuple[Mistake, ...]
    text: bytes
    is_usual: bool = False

    @cached_property
    def has_key(self) -> bool:
        """Whether the message contains the key."""
        return KEY in self.text

"""A forward with what it needs to send."""

import msgspec

from postledger.outgoing.rules.forward import Forward


class Target(msgspec.Struct, frozen=True):
    """A forward and its secrets, newest first. `secrets` is None if no master key decrypts one of them."""

    forward: Forward
    secrets: tuple[str, ...] | None = ()

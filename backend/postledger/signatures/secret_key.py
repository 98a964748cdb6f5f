"""A secret of a source, as the ledger knows it."""

import msgspec


class Key(msgspec.Struct, frozen=True):
    """A live secret: its id in the ledger and its text."""

    secret_id: int
    secret: str

    @classmethod
    def from_secret(cls, secret_id: int, secret: str) -> "Key":
        """Make a key; raises ValueError for an empty secret, because it would let forgeries pass."""
        if not secret.strip():
            raise ValueError("the secret is empty")
        return cls(secret_id, secret)

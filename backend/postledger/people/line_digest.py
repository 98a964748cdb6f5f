"""A digest over expense lines, by which the audit chain covers each of them."""

import hashlib

import msgspec


class DigestedLine(msgspec.Struct, frozen=True, array_like=True):
    """What the digest covers of a line: ids, amount, currency, payee, account and rule."""

    dedup_key: str
    seq: int
    id: str
    amount: str
    currency: str
    payee: str | None
    account: str | None
    rule: str | None


class LineDigest:
    """SHA-256 over lines in their order."""

    def __init__(self) -> None:
        self._sha256, self.lines = hashlib.sha256(), 0

    def add(self, line: DigestedLine) -> None:
        """Take the next line."""
        self._sha256.update(msgspec.json.encode(line) + b"\n")
        self.lines += 1

    def hexdigest(self) -> str:
        """Return the digest of the lines so far."""
        return self._sha256.hexdigest()

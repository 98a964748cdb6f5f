"""What came of one attempt to deliver: the status of the answer, or why there is none. Never anything of its body."""

from enum import StrEnum

import msgspec

from postledger.outgoing.rules.addresses import Blocked


class Fault(StrEnum):
    """Why an attempt failed, if the status alone does not say it. Stored with the attempt, so the list is closed."""

    NAME = "name"
    """The host name has no address."""
    CONNECT = "connect"
    """No connection could be opened."""
    TLS = "tls"
    """The handshake failed, or the certificate is not trusted for the host name."""
    TIMEOUT = "timeout"
    """The exchange took longer than it may."""
    BROKEN = "broken"
    """The connection ended before the answer did."""
    ANSWER = "answer"
    """The answer is not HTTP."""
    REDIRECT = "redirect"
    """The answer leads to another URL. Redirects are never followed."""
    SECRET = "secret"  # noqa: S105 - it names a fault
    """No master key decrypts a secret of the forward, or a secret is missing."""
    BUG = "bug"
    """The request could not be made because of a bug; the log has its type and place."""
    FORGOTTEN = "forgotten"
    """The click was erased, therefore there is nothing to send."""


class Answer(msgspec.Struct, frozen=True):
    """The outcome of one attempt. `blocked` says why an address is refused; `retry_after` is the field of that name."""

    status: int | None = None
    fault: Fault | None = None
    blocked: Blocked | None = None
    retry_after: str | None = None

    @property
    def fault_word(self) -> str | None:
        """The word that is stored with the attempt."""
        return self.fault if self.blocked is None else f"blocked_{self.blocked}"

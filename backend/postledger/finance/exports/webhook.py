"""Sends a bill to a webhook, signed as Standard Webhooks specifies it.

Every attempt for a bill has the same id, so a bill whose answer was lost is simply sent again: the receiver drops it.
"""

from collections.abc import Callable
from datetime import UTC, datetime

import msgspec

from postledger.finance.exports.documents import list_facts
from postledger.finance.exports.target import ExportedBill, Failed, Outcome, Refused, Secrets, Sent, Unknown
from postledger.finance.rules.export_settings import ExportSettings
from postledger.outgoing.answer import Answer, Fault
from postledger.outgoing.connect import Network
from postledger.outgoing.deliver import deliver
from postledger.outgoing.rules.forward import Forward
from postledger.outgoing.rules.render import Request
from postledger.outgoing.rules.retries import Judgement, judge, read_retry_after
from postledger.outgoing.rules.standard_webhooks import sign

_NOT_SENT = frozenset({Fault.NAME, Fault.CONNECT, Fault.TLS})
_NOT_TAKEN = frozenset({408, 425, 429, 503})
"""Answers by which a receiver says that it has not looked at the request."""


class WebhookTarget:
    """A URL that bills are posted to. `clock` gives the time that is signed."""

    def __init__(
        self,
        settings: ExportSettings,
        secrets: Secrets,
        network: Network,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._forward = Forward(
            settings.slug, settings.url, timeout_s=settings.timeout_s, allow_private=settings.allow_private
        )
        self._keys, self._network, self._clock = tuple(secrets.values()), network, clock

    def send(self, bill: ExportedBill, *, find_first: bool) -> Outcome:  # noqa: ARG002 - the receiver drops a repeat
        """Post a bill."""
        now = self._clock()
        return _judge(deliver(self._render(bill, now), self._forward, self._network), bill, now)

    def close(self) -> None:
        """Do nothing: each request has a connection of its own."""

    def _render(self, bill: ExportedBill, now: datetime) -> Request:
        body = msgspec.json.encode({"type": "bill.approved", "data": list_facts(bill)})
        message_id, target = str(bill.id), self._forward.template.fill({})
        headers = {"webhook-id": message_id, "Content-Type": "application/json"}
        return Request("POST", self._forward.url, target, headers | sign(message_id, body, self._keys, now), body)


def _judge(answer: Answer, bill: ExportedBill, now: datetime) -> Outcome:
    if answer.status is None:
        fault = answer.fault_word or "unknown"
        return Failed(fault) if answer.blocked or answer.fault in _NOT_SENT else Unknown(fault)
    if answer.status in _NOT_TAKEN:
        asked = read_retry_after(answer.retry_after, now)
        return Failed(f"http_{answer.status}", None if asked is None else asked.total_seconds())
    match judge(answer.status, ()):
        case Judgement.DELIVERED:
            return Sent(str(bill.id))
        case Judgement.RETRY:
            return Unknown(f"http_{answer.status}")
        case Judgement.FAILED:
            return Refused(f"the receiver answered HTTP {answer.status}")

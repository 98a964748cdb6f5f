"""Posts one notification to the webhook, signed as Standard Webhooks specifies it."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from postledger.outgoing.connect import Network
from postledger.outgoing.deliver import deliver
from postledger.outgoing.rules.forward import Forward
from postledger.outgoing.rules.render import Request
from postledger.outgoing.rules.standard_webhooks import sign
from postledger.policy.notify_config import Webhook


class Message(msgspec.Struct, frozen=True):
    """A message. Its id is the same for each attempt."""

    id: str
    body: bytes


def post(webhook: Webhook, message: Message, secrets: Sequence[str], network: Network, now: datetime) -> str | None:
    """Post a message. Returns None, or the fault: `http_` and a status, or why there is none."""
    target = Forward("notify", webhook.url, allow_private=webhook.allow_private)
    path = target.template.fill({})
    headers = {
        "webhook-id": message.id,
        "Content-Type": "application/json",
        **sign(message.id, message.body, secrets, now),
    }
    answer = deliver(Request("POST", target.template.origin + path, path, headers, message.body), target, network)
    if answer.status is None or answer.fault is not None:
        return answer.fault_word
    return None if 200 <= answer.status < 300 else f"http_{answer.status}"

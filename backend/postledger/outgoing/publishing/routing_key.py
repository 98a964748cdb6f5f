"""Fills in the routing key of a message. Pure."""

import re

from postledger.outgoing.publishing.message import ConversionEvent

_NOT_A_WORD = re.compile(r"[^A-Za-z0-9_-]")
_LONGEST_WORD = 50
"""The key has at most 255 bytes, and its template at most 200 characters."""
_LONGEST = 255
NONE = "none"


def fill_routing_key(template: str, event: ConversionEvent) -> str:
    """Fill in a template. Each value is one word of the key: what is no letter, digit, `_` or `-` becomes `_`."""
    conversion = event.conversion
    names = {
        "source": conversion.source,
        "campaign": conversion.campaign or NONE,
        "event": conversion.event,
        "kind": event.kind,
        "status": event.change.status,
    }
    words = {name: _NOT_A_WORD.sub("_", value)[:_LONGEST_WORD] for name, value in names.items()}
    return template.format(**words).encode()[:_LONGEST].decode(errors="ignore")

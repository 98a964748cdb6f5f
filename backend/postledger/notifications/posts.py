"""Writes what is posted to the webhook. It names ids, and no amount: who reads it is not known. Pure."""

from datetime import UTC, datetime

import msgspec

from postledger.notifications.facts import ExportRefused, Facts, ForwardOff, Kind, WaitingRequest

_TYPES: dict[Kind, str] = {
    "request": "approval.waiting",
    "reminder": "approval.reminder",
    "forward_off": "forward.switched_off",
    "export_refused": "export.refused",
}


def write_post(kind: Kind, facts: Facts, created_at: datetime) -> bytes:
    """Write the body: its type, when it happened, and what it is about."""
    timestamp = created_at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return msgspec.json.encode({"type": _TYPES[kind], "timestamp": timestamp, "data": _list_data(facts)})


def _list_data(facts: Facts) -> dict[str, object]:
    match facts:
        case WaitingRequest() as request:
            return {
                "request": request.id,
                "subject": request.subject,
                "rule": request.rule,
                "step": request.step + 1,
                "steps": len(request.steps),
                "role": request.steps[request.step],
            }
        case ForwardOff() as off:
            return {"forward": off.forward}
        case ExportRefused() as refused:
            return {"bill": refused.bill, "number": refused.number, "target": refused.target}

"""What an outage cost each sender: conversions that it gave up before one of its requests was taken."""

import msgspec

from loadtests.acks import Ack


class _Outcome(msgspec.Struct):
    sent: int = 0
    taken: int = 0
    repeats: int = 0


def lost_by_rule(acks: list[Ack]) -> dict[str, dict[str, int]]:
    """Count for each network what it sent, repeated, and what was never taken although it had it to send."""
    by_sale: dict[tuple[str, str], list[Ack]] = {}
    for ack in acks:
        by_sale.setdefault((ack.sender, ack.transaction), []).append(ack)
    outcomes: dict[str, _Outcome] = {}
    for (sender, _), tries in by_sale.items():
        outcome = outcomes.setdefault(sender, _Outcome())
        outcome.sent += 1
        outcome.taken += any(not ack.is_unknown and ack.http < 300 for ack in tries)
        outcome.repeats += len(tries) - 1
    return {
        name: {"sent": one.sent, "taken": one.taken, "repeats": one.repeats, "lost": one.sent - one.taken}
        for name, one in sorted(outcomes.items())
    }

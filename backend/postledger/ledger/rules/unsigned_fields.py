"""Carries the marks of unsigned fields from the events of a conversion to the conversion."""

from collections.abc import Collection

from postledger.vocabulary.statuses import Standing


def carry_unsigned(known: Collection[str], brought: Collection[str], event: Standing) -> tuple[str, ...]:
    """List the unsigned fields of a conversion after an event, which replaces only the fields that it sets."""
    if not known and not brought:
        return ()
    taken = _taken_from(event)
    return tuple(sorted({name for name in known if name not in taken} | {name for name in brought if name in taken}))


def _taken_from(event: Standing) -> tuple[str, ...]:
    money = () if event.payout is None else ("payout", "currency")
    return ("status", *money, *(() if event.event_time is None else ("event_time",)))

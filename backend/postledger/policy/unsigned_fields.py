"""What nobody signed: the fields of a believed postback that its signature does not cover.

A profile's coverage is known when the policy is loaded; only where it leaves something out is a request looked through.
"""

from collections.abc import Collection, Iterable

from postledger.decoding import json_v2 as nested
from postledger.decoding.pairs import Reading
from postledger.decoding.parameters import CANONICAL_NAMES
from postledger.policy.source import Source
from postledger.signatures.signed_fields import Coverage
from postledger.vocabulary.refusal import Reason, Refused
from postledger.vocabulary.statuses import Standing

NEVER_KEPT = frozenset({"sig", "ts", "v"})
SIGNABLE_NAMES = tuple(name for name in CANONICAL_NAMES if name not in NEVER_KEPT)
"""The canonical names of what a conversion is made of."""

_SIGNABLE = frozenset(SIGNABLE_NAMES)
_NESTED_NAMES = {".".join(path): name for path, name in nested.NAMES.items()}


def find_unsigned(reading: Reading, coverage: Coverage, source: Source) -> tuple[str, ...]:
    """Name the fields that were sent and are not covered, by their canonical names in alphabetical order.

    A parameter that says what the word in `status` means is no field; whoever alters it alters the status. So does
    whoever alters a payout whose sign tells a reversal from a sale.
    """
    if coverage.is_total:
        return ()
    if reading.version != "1":  # its names are paths, which no profile can list
        return tuple(sorted(set(reading.fields) - NEVER_KEPT))
    sent = [name for _, name, _ in reading.segments] or [name for name, _ in reading.members]
    names = _NESTED_NAMES if reading.version == nested.VERSION else source.canonical_names
    loose = {names[name] for name in sent if name in names and name not in coverage}
    if "status" in reading.fields and not loose.isdisjoint(source.settings.status_parameters):
        loose.add("status")
    if "payout" in loose and source.settings.negative_payout == "reversed":
        loose.add("status")
    return tuple(sorted(loose & _SIGNABLE))


def refuse_unsigned(unsigned: Collection[str], required: Iterable[str]) -> None:
    """Refuse a postback that brings a field unsigned which its source must sign, by the name of that field."""
    for name in required:
        if name in unsigned:
            raise Refused(Reason.MISSING_SIGNATURE, name)


def carry_unsigned(known: Collection[str], brought: Collection[str], event: Standing) -> tuple[str, ...]:
    """Name what is unsigned of a conversion after an event: what it took is as it came, the rest as before."""
    if not known and not brought:
        return ()
    taken = _taken_from(event)
    return tuple(sorted({name for name in known if name not in taken} | {name for name in brought if name in taken}))


def _taken_from(event: Standing) -> tuple[str, ...]:
    money = () if event.payout is None else ("payout", "currency")
    return ("status", *money, *(() if event.event_time is None else ("event_time",)))

"""Finds the fields of a verified postback that its signature does not cover."""

from collections.abc import Collection, Iterable

from postledger.decoding.pairs import DecodedRequest
from postledger.decoding.parameters import CANONICAL_NAMES
from postledger.policy.source import Source
from postledger.signatures.signed_fields import Coverage
from postledger.vocabulary.refusal import Reason, Refused

NEVER_KEPT = frozenset({"sig", "ts", "v"})
SIGNABLE_NAMES = tuple(name for name in CANONICAL_NAMES if name not in NEVER_KEPT)
"""The canonical names of the fields of a conversion."""

_SIGNABLE = frozenset(SIGNABLE_NAMES)


def find_unsigned(decoded: DecodedRequest, coverage: Coverage, source: Source) -> tuple[str, ...]:
    """List the sent fields that a coverage leaves out, by canonical name in alphabetical order.

    `status` counts as unsigned if the parameter that defines its meaning is unsigned: one of `status_parameters`, or a
    payout whose sign marks a reversal.
    """
    if decoded.version != "1":  # names of version 2 are paths, which a profile cannot list
        return tuple(sorted(set(decoded.fields) - NEVER_KEPT))
    sent = [name for _, name, _ in decoded.segments] or [name for name, _ in decoded.members]
    names = source.canonical_names
    unsigned = {names[name] for name in sent if name in names and name not in coverage}
    if "status" in decoded.fields and not unsigned.isdisjoint(source.settings.status_parameters):
        unsigned.add("status")
    if "payout" in unsigned and source.settings.negative_payout == "reversed":
        unsigned.add("status")
    return tuple(sorted(unsigned & _SIGNABLE))


def refuse_unsigned(unsigned: Collection[str], required: Iterable[str]) -> None:
    """Refuse a postback with an unsigned field that `require_signed` lists."""
    for name in required:
        if name in unsigned:
            raise Refused(Reason.MISSING_SIGNATURE, name)

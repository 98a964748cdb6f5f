"""What a signature covers, worked out from the message's own template: no profile can claim more than it signs."""

import re
from collections.abc import Iterable, Sequence

import msgspec

from postledger.signatures.message_template import ATOM, find_atoms
from postledger.signatures.profile_schema import Parameters, Profile, Scheme

_ITEM_PIECE = re.compile(r"\{[a-z]+\}|[^{}]+")
_WITHOUT_BORDERS = frozenset({"{name}", "{value}", "{len}"})
_OF_FIXED_LENGTH = frozenset({"key", "ts", "url", "path", "host", "method"})
"""Placeholders that nobody can lengthen at a neighbour's cost: ours, or, of a time, what would be another time."""


class Coverage(msgspec.Struct, frozen=True):
    """The parameters that a signature covers, by the sender's names: all but `names`, or `names` alone.

    `run_together` are signed as one text only, which others can cut elsewhere: none of them counts as covered.
    """

    is_all: bool
    names: frozenset[str]
    run_together: tuple[str, ...] = ()

    @property
    def is_total(self) -> bool:
        """Whether nothing that counts is left out."""
        return self.is_all and not self.names

    def __contains__(self, name: str) -> bool:
        return (name in self.names) != self.is_all


NOTHING = Coverage(is_all=False, names=frozenset())


def find_coverage(scheme: Scheme, method: str) -> Coverage:
    """Find what a scheme covers of the parameters that count for a method: those of the query, or of the body."""
    if scheme.mac == "token":
        return NOTHING
    place = "query" if method == "GET" else "body"
    atoms, glued = find_atoms(scheme.message), _find_glued(scheme)
    whole, named = _split_atoms([atom for atom in atoms if atom not in glued], place)
    if place == "body" and (whole or scheme.digest is not None):
        return Coverage(is_all=True, names=frozenset())
    if whole:
        return Coverage(is_all=True, names=frozenset(scheme.drop) - frozenset(named))
    _, run_together = _split_atoms([atom for atom in atoms if atom in glued], place)
    return _cover_listed(scheme, place, named, run_together, is_glued="parameters" in glued)


def tell_coverage(profile: Profile) -> str:
    """Tell in words what a profile's signatures cover; several answers where its schemes differ."""
    told = [_tell(find_coverage(scheme, method)) for scheme in profile.schemes for method in scheme.methods]
    return "; or ".join(dict.fromkeys(told))


def _tell(coverage: Coverage) -> str:
    names = ", ".join(sorted(coverage.names))
    if coverage.is_all:
        return f"all parameters but {names}" if names else "all parameters"
    run = ", ".join(coverage.run_together)
    told = [names] if names or not run else []
    if run:
        told.append(f"{run} only as one text, which can be cut up otherwise")
    return "; ".join(told) or "nothing"


def _cover_listed(
    scheme: Scheme, place: str, named: Sequence[str], run_together: Sequence[str], *, is_glued: bool
) -> Coverage:
    parameters, run, names = scheme.parameters, tuple(run_together), frozenset(named)
    if parameters is None or (parameters.place == "query") != (place == "query"):
        return Coverage(is_all=False, names=names, run_together=run)
    listed = [name for names in parameters.only for name in names.split("|") if name not in parameters.drop]
    if is_glued or not _has_borders(parameters):
        return Coverage(is_all=False, names=names, run_together=(*run, *(listed or ("all parameters",))))
    if parameters.only:
        return Coverage(is_all=False, names=names.union(listed), run_together=run)
    return Coverage(is_all=True, names=frozenset(parameters.drop) - names)


def _has_borders(parameters: Parameters) -> bool:
    """Tell whether the text says which value is whose: where one ends, and by its name or its place what it is."""
    # A length in digits is no border: nobody knows where it ends and the value begins.
    is_parted = bool(parameters.join) or not _WITHOUT_BORDERS.issuperset(_ITEM_PIECE.findall(parameters.item))
    has_its_place = bool(parameters.only) and parameters.skip == "none"
    return is_parted and ("{name}" in parameters.item or has_its_place)


def _find_glued(scheme: Scheme) -> frozenset[str]:
    """Find the placeholders that stand beside another one with nothing between them."""
    pieces = ATOM.split(scheme.message)
    literals, atoms = pieces[2:-1:2], pieces[1::2]
    pairs = zip(literals, atoms, atoms[1:], strict=False)
    glued = [pair for literal, *pair in pairs if not literal and not any(_is_fixed(atom, scheme) for atom in pair)]
    return frozenset(atom for pair in glued for atom in pair)


def _is_fixed(atom: str, scheme: Scheme) -> bool:
    kind, _, name = atom.partition(":")
    at, time = f"{kind}:{name}".lower(), scheme.timestamp
    is_digest = kind == "body" and bool(name)
    return atom in _OF_FIXED_LENGTH or is_digest or (time is not None and at == f"{time.place}:{time.name}".lower())


def _split_atoms(atoms: Iterable[str], place: str) -> tuple[bool, list[str]]:
    parted = [atom.partition(":") for atom in atoms]
    whole_kinds, named_kinds = (("query", "url"), ("query",)) if place == "query" else (("body",), ("form", "json"))
    whole = any(kind in whole_kinds and (not name or place == "body") for kind, _, name in parted)
    return whole, [name.removesuffix("?") for kind, _, name in parted if name and kind in named_kinds]

"""What a signature covers, worked out from the message's own template: no profile can claim more than it signs."""

import msgspec

from postledger.domain.profiles.format import Profile, Scheme
from postledger.domain.profiles.template import find_atoms


class Coverage(msgspec.Struct, frozen=True):
    """The parameters that a signature covers, by the sender's names: all but `names`, or `names` alone."""

    is_all: bool
    names: frozenset[str]

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
    whole, named = _split_atoms(find_atoms(scheme.message), place)
    if place == "body" and (whole or scheme.digest is not None):
        return Coverage(is_all=True, names=frozenset())
    if whole:
        return Coverage(is_all=True, names=frozenset(scheme.drop) - named)
    return _cover_listed(scheme, place, named)


def tell_coverage(profile: Profile) -> str:
    """Tell in words what a profile's signatures cover; several answers where its schemes differ."""
    told = [_tell(find_coverage(scheme, method)) for scheme in profile.schemes for method in scheme.methods]
    return "; or ".join(dict.fromkeys(told))


def _tell(coverage: Coverage) -> str:
    names = ", ".join(sorted(coverage.names))
    if coverage.is_all:
        return f"all parameters but {names}" if names else "all parameters"
    return names or "nothing"


def _cover_listed(scheme: Scheme, place: str, named: frozenset[str]) -> Coverage:
    parameters = scheme.parameters
    if parameters is None or (parameters.place == "query") != (place == "query"):
        return Coverage(is_all=False, names=named)
    if parameters.only:
        listed = {name for names in parameters.only for name in names.split("|")} - set(parameters.drop)
        return Coverage(is_all=False, names=named | listed)
    return Coverage(is_all=True, names=frozenset(parameters.drop) - named)


def _split_atoms(atoms: list[str], place: str) -> tuple[bool, frozenset[str]]:
    parted = [atom.partition(":") for atom in atoms]
    whole_kinds, named_kinds = (("query", "url"), ("query",)) if place == "query" else (("body",), ("form", "json"))
    whole = any(kind in whole_kinds and (not name or place == "body") for kind, _, name in parted)
    return whole, frozenset(name.removesuffix("?") for kind, _, name in parted if name and kind in named_kinds)

"""Derives the signed fields from the message template, so that no profile can claim more than it signs."""

import re
from collections.abc import Iterable, Sequence
from functools import cached_property

import msgspec

from postledger.signatures.message_template import PLACEHOLDER, find_placeholders
from postledger.signatures.profile_schema import Parameters, Profile, Scheme

_ITEM_PIECE = re.compile(r"\{[a-z]+\}|[^{}]+")
_WITHOUT_SEPARATOR = frozenset({"{name}", "{value}", "{len}"})
_OF_FIXED_LENGTH = frozenset({"key", "ts", "url", "path", "host", "method"})
"""Placeholders to which a client cannot move characters of a neighbour: a longer timestamp is another timestamp."""


class Coverage(msgspec.Struct, frozen=True, dict=True):
    """The signed parameters, by the sender's names: `names`, or with `is_all` every parameter except `names`.

    `run_together` are signed as one text without separators. Anyone can move characters from one to the next, so none
    of them counts as signed.
    """

    is_all: bool
    names: frozenset[str]
    run_together: tuple[str, ...] = ()

    @cached_property
    def is_total(self) -> bool:
        """Whether every parameter is signed."""
        return self.is_all and not self.names

    def __contains__(self, name: str) -> bool:
        return (name in self.names) != self.is_all


NOTHING = Coverage(is_all=False, names=frozenset())


def find_coverage(scheme: Scheme, method: str) -> Coverage:
    """Find the signed parameters of a method: those of the query for GET, those of the body for POST."""
    if scheme.mac == "token":
        return NOTHING
    location = "query" if method == "GET" else "body"
    placeholders, joined = find_placeholders(scheme.message), _find_joined(scheme)
    whole, named = _classify([one for one in placeholders if one not in joined], location)
    if location == "body" and (whole or scheme.digest is not None):
        return Coverage(is_all=True, names=frozenset())
    if whole:
        return Coverage(is_all=True, names=frozenset(scheme.drop) - frozenset(named))
    _, run_together = _classify([one for one in placeholders if one in joined], location)
    return _cover_listed(scheme, location, named, run_together, is_joined="parameters" in joined)


def describe_coverage(profile: Profile) -> str:
    """Describe what a profile's signatures cover, once for each different scheme."""
    texts = [_describe(find_coverage(scheme, method)) for scheme in profile.schemes for method in scheme.methods]
    return "; or ".join(dict.fromkeys(texts))


def describe_signed(scheme: Scheme, method: str) -> str:
    """Describe what the signatures of one scheme cover in requests of a method."""
    return _describe(find_coverage(scheme, method))


def _describe(coverage: Coverage) -> str:
    names = ", ".join(sorted(coverage.names))
    if coverage.is_all:
        return f"all parameters except {names}" if names else "all parameters"
    run = ", ".join(coverage.run_together)
    texts = [names] if names else []
    if run:
        texts.append(f"{run} only as one text without separators")
    return "; ".join(texts) or "nothing"


def _cover_listed(
    scheme: Scheme, location: str, named: Sequence[str], run_together: Sequence[str], *, is_joined: bool
) -> Coverage:
    parameters, run, names = scheme.parameters, tuple(run_together), frozenset(named)
    if parameters is None or (parameters.location == "query") != (location == "query"):
        return Coverage(is_all=False, names=names, run_together=run)
    listed = [name for names in parameters.only for name in names.split("|") if name not in parameters.drop]
    if is_joined or not _has_separators(parameters):
        return Coverage(is_all=False, names=names, run_together=(*run, *(listed or ("all parameters",))))
    if parameters.only:
        return Coverage(is_all=False, names=names.union(listed), run_together=run)
    return Coverage(is_all=True, names=frozenset(parameters.drop) - names)


def _has_separators(parameters: Parameters) -> bool:
    """Return whether the text shows where each value ends and which parameter it belongs to."""
    # A length in digits does not separate: it is unknown where it ends and where the value begins.
    is_separated = bool(parameters.join) or not _WITHOUT_SEPARATOR.issuperset(_ITEM_PIECE.findall(parameters.item))
    has_fixed_order = bool(parameters.only) and parameters.skip == "none"
    return is_separated and ("{name}" in parameters.item or has_fixed_order)


def _find_joined(scheme: Scheme) -> frozenset[str]:
    """Find the placeholders that follow another one without any text between them."""
    pieces = PLACEHOLDER.split(scheme.message)
    literals, placeholders = pieces[2:-1:2], pieces[1::2]
    pairs = zip(literals, placeholders, placeholders[1:], strict=False)
    joined = [pair for literal, *pair in pairs if not literal and not any(_is_fixed(one, scheme) for one in pair)]
    return frozenset(placeholder for pair in joined for placeholder in pair)


def _is_fixed(placeholder: str, scheme: Scheme) -> bool:
    kind, _, name = placeholder.partition(":")
    time = scheme.timestamp
    is_digest = kind == "body" and bool(name)
    is_timestamp = time is not None and placeholder.lower() == f"{time.location}:{time.name}".lower()
    return placeholder in _OF_FIXED_LENGTH or is_digest or is_timestamp


def _classify(placeholders: Iterable[str], location: str) -> tuple[bool, list[str]]:
    """Return whether the whole query or body is among the placeholders, and the names of single parameters."""
    parted = [placeholder.partition(":") for placeholder in placeholders]
    whole_kinds, named_kinds = (("query", "url"), ("query",)) if location == "query" else (("body",), ("form", "json"))
    whole = any(kind in whole_kinds and (not name or location == "body") for kind, _, name in parted)
    return whole, [name.removesuffix("?") for kind, _, name in parted if name and kind in named_kinds]

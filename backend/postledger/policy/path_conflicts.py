"""Whose is a path? Found out when a file is applied, so that no request can ever be taken for another source's.

A path belongs to a source by its host name, by the secret that stands in it, or because no other source claims it.
"""

from collections.abc import Iterator

from postledger.decoding.source_paths import KEY
from postledger.decoding.toml_table import Fault
from postledger.policy.config_file import Configuration, SourceConfig
from postledger.policy.diff import Stored

_Claim = tuple[str, str, str]  # a path, a host name or nothing for any, the secret in the path or nothing


def find_contested_paths(wanted: Configuration, stored: Stored, *, prune: bool) -> list[Fault]:
    """Find the paths that two sources would answer on, once the file is applied."""
    standing = {} if prune else {s: source for s, source in stored.in_force.sources.items() if s not in wanted.sources}
    holders: dict[_Claim, str] = {}
    faults = []
    for slug, source in {**standing, **wanted.sources}.items():
        for claim in _list_claims(source, stored):
            holder = holders.setdefault(claim, slug)
            if holder != slug:
                faults.append(Fault(f"sources[{slug}]", "paths", _tell(claim, holder)))
    return faults


def _list_claims(source: SourceConfig, stored: Stored) -> Iterator[_Claim]:
    for path in source.settings.paths:
        for host in source.settings.hosts or ("",):
            for key in _find_secrets(source, stored) if KEY in path else ("",):
                yield path, host, key


def _find_secrets(source: SourceConfig, stored: Stored) -> tuple[str, ...]:
    known = {**stored.retired.sources, **stored.in_force.sources}.get(source.slug)
    return source.secrets or (known.secrets if known is not None else None) or ()


def _tell(claim: _Claim, holder: str) -> str:
    path, host, key = claim
    where = f"{path} under {host}" if host else path
    if key:
        return f"{where} has the same secret in it as that of {holder}; give one of them another"
    return f"{where} belongs to {holder} already; give each of them hosts of its own"

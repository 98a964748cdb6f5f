"""Finds paths that two sources claim, when a file is applied, so that no request can reach the wrong source.

Two sources may use the same path if their host names or the secrets in the path differ.
"""

from collections.abc import Iterator

from postledger.decoding.source_paths import KEY, without_last_slash
from postledger.decoding.toml_table import Fault
from postledger.policy.config_file import Configuration, SourceConfig
from postledger.policy.diff import Stored

_Claim = tuple[str, str, str]  # path, host name ("": any host), secret in the path ("": none)


def find_contested_paths(target: Configuration, stored: Stored, *, prune: bool) -> list[Fault]:
    """Find the paths that two sources would share after the file is applied."""
    untouched = {} if prune else {s: source for s, source in stored.in_force.sources.items() if s not in target.sources}
    holders: dict[_Claim, str] = {}
    faults = []
    for slug, source in {**untouched, **target.sources}.items():
        for claim in _list_claims(source, stored):
            holder = holders.setdefault(claim, slug)
            if holder != slug:
                faults.append(Fault(f"sources[{slug}]", "paths", _describe(claim, holder)))
    return faults


def _list_claims(source: SourceConfig, stored: Stored) -> Iterator[_Claim]:
    for path in source.settings.paths:
        for host in source.settings.hosts or ("",):
            for key in _find_secrets(source, stored) if KEY in path else ("",):
                yield without_last_slash(path), host, key


def _find_secrets(source: SourceConfig, stored: Stored) -> tuple[str, ...]:
    known = {**stored.retired.sources, **stored.in_force.sources}.get(source.slug)
    return source.secrets or (known.secrets if known is not None else None) or ()


def _describe(claim: _Claim, holder: str) -> str:
    path, host, key = claim
    location = f"{path} on {host}" if host else path
    if key:
        return f"{location} has the same secret as in {holder}; give one of them another secret"
    return f"{location} is already used by {holder}; give each of them its own hosts"

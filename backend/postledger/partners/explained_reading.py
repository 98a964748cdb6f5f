"""The steps of an explanation that show what was read of a request: parameters, ignored and masked names, the edge."""

from collections.abc import Iterator, Sequence
from ipaddress import ip_address, ip_network

from postledger.decoding.json_v2 import NAMES
from postledger.decoding.pairs import NESTED, DecodedRequest
from postledger.partners.explanation import EdgeStep, Quota, ReadParameter
from postledger.policy.privacy import MASK
from postledger.policy.source import Source

_LONGEST_NAME, _LONGEST_VALUE = 64, 255
_NESTED_NAMES = {".".join(path): canonical for path, canonical in NAMES.items()}


def explain_edge(address: str | None, source: Source, used: float | None) -> EdgeStep:
    """Find the network of the allowlist that the address is in. An empty list allows every address.

    Of a pasted request the address is unknown, so that no list can refuse it.
    """
    settings = source.settings
    network = next((one for one in settings.allow if address and _contains(one, address)), None)
    is_allowed = not settings.allow or address is None or network is not None
    return EdgeStep(address, is_allowed, network, Quota(settings.rate, settings.burst, used))


def _contains(network: str, address: str) -> bool:
    # A list of networks may have one of the other address family.
    found, client = ip_network(network, strict=False), ip_address(address)
    return found.version == client.version and client in found


def list_sent(decoded: DecodedRequest) -> list[tuple[str, str]]:
    """List the names and values of all parameters as they were sent."""
    return [(name, value) for part, name, value in decoded.segments if part or name] or list(decoded.members)


def explain_reading(decoded: DecodedRequest, source: Source) -> tuple[ReadParameter, ...]:
    """List the known parameters with their values; personal data and signatures are left out or masked."""
    return tuple(_read(decoded, source))


def list_ignored(decoded: DecodedRequest, source: Source) -> tuple[str, ...]:
    """List the names that mean nothing to the source."""
    names = _names_of(decoded, source)
    return tuple(dict.fromkeys(shorten(name, _LONGEST_NAME) for name, _ in list_sent(decoded) if name not in names))


def list_masked(decoded: DecodedRequest, source: Source) -> tuple[str, ...]:
    """List the sent parameters whose values are never shown or stored."""
    return tuple(dict.fromkeys(name for name, _ in list_sent(decoded) if _is_masked(name, source)))


def shorten(text: str, longest: int) -> str:
    """Cut a text and replace what is no valid Unicode, so that JSON can carry it."""
    shown = text.encode("utf-8", "replace").decode()
    return shown if len(shown) <= longest else f"{shown[:longest]}…"


def _names_of(decoded: DecodedRequest, source: Source) -> dict[str, str]:
    return source.canonical_names if decoded.version == "1" else _NESTED_NAMES | {"v": "v"}


def _is_masked(name: str, source: Source) -> bool:
    return not source.masked_names.isdisjoint((name, name.rpartition(".")[2]))


def _read(decoded: DecodedRequest, source: Source) -> Iterator[ReadParameter]:
    names, sent = _names_of(decoded, source), list_sent(decoded)
    for name, value in sent:
        canonical = names.get(name)
        if canonical is None or canonical == "sig":
            continue
        is_masked = _is_masked(name, source)
        shown = MASK if is_masked else "a list or an object" if value is NESTED else shorten(value, _LONGEST_VALUE)
        alike = [one for one, _ in sent if names.get(one) == canonical]
        is_alias = name != canonical and decoded.version == "1"  # the names of version 2 are no source's own
        notes = _note(name, value, alike, source, is_alias=is_alias)
        yield ReadParameter(name, canonical, shown, "; ".join(notes) or None)


def _note(name: str, value: str, alike: Sequence[str], source: Source, *, is_alias: bool) -> Iterator[str]:
    if is_alias:
        yield f"alias of {source.slug}"
    if not value.strip() and source.settings.empty == "absent":
        yield "empty, so it counts as not sent"
    if len(alike) > 1:
        yield "sent more than once" if len(set(alike)) == 1 else "sent under several names"
    if _is_masked(name, source):
        yield "personal data: masked"

"""Describes a source to its partner: the names and words that it may send, its signature, and its refusals. Pure.

It holds no secret, no address and nothing about other sources.
"""

import msgspec

from postledger.policy.source import Settings, Source
from postledger.signatures.profile_schema import Scheme, SignatureLocation
from postledger.vocabulary.refusal import Reason
from postledger.vocabulary.statuses import Status


class ParameterReference(msgspec.Struct, frozen=True):
    """A canonical parameter, and the names under which the source may send it; a name of its own comes first."""

    name: str
    sent_as: tuple[str, ...]
    required: bool


class SchemeReference(msgspec.Struct, frozen=True):
    """A way to sign: where the signature stands, what it is made of, and the message; None for a token."""

    methods: tuple[str, ...]
    place: str
    mac: str
    message: str | None


class Reference(msgspec.Struct, frozen=True):
    """What is special about a source. `refusals` are the reasons for which it can be refused."""

    source: str
    parameters: tuple[ParameterReference, ...]
    statuses: dict[Status, tuple[str, ...]]
    events: dict[str, tuple[str, ...]]
    masked: tuple[str, ...]
    schemes: tuple[SchemeReference, ...]
    currency: str
    click: str
    rate: int
    burst: int
    timestamp_tolerance_s: int
    refusals: tuple[Reason, ...]


def describe_source(source: Source) -> Reference:
    """Describe a source to its partner."""
    settings = source.settings
    schemes = () if settings.auth == "none" else source.profile.schemes
    return Reference(
        source=source.slug,
        parameters=tuple(_list_parameters(source, schemes)),
        statuses={status: _words_of(source, status) for status in Status},
        events={event: tuple(names) for event, names in settings.event_names.items()},
        masked=settings.pii,
        schemes=tuple(_describe_scheme(scheme) for scheme in schemes),
        currency=settings.currency,
        click=settings.click,
        rate=settings.rate,
        burst=settings.burst,
        timestamp_tolerance_s=settings.timestamp_tolerance_s,
        refusals=tuple(reason for reason in Reason if reason not in _find_impossible(settings, schemes)),
    )


def _list_parameters(source: Source, schemes: tuple[Scheme, ...]) -> list[ParameterReference]:
    names: dict[str, list[str]] = {}
    for name, canonical in source.canonical_names.items():
        names.setdefault(canonical, []).append(name)
    required = {"click_id"} | ({"sig", "ts"} if _must_sign_query(schemes) else set())
    return [
        ParameterReference(canonical, tuple(sorted(listed, key=lambda name: name == canonical)), canonical in required)
        for canonical, listed in names.items()
    ]


def _must_sign_query(schemes: tuple[Scheme, ...]) -> bool:
    return bool(schemes) and all(scheme.signature.location == "query" for scheme in schemes)


def _words_of(source: Source, status: Status) -> tuple[str, ...]:
    return tuple(word for word, meant in source.statuses_by_word.items() if meant is status)


def _describe_scheme(scheme: Scheme) -> SchemeReference:
    encoding = "" if scheme.mac == "token" else f", {scheme.signature.encoding}"
    return SchemeReference(
        scheme.methods, _describe_place(scheme.signature), f"{scheme.mac}{encoding}", scheme.message or None
    )


def _describe_place(location: SignatureLocation) -> str:
    if location.location == "header":
        return f"header {location.name}"
    return "the path" if location.location == "path" else f"{location.location} parameter {location.name}"


def _find_impossible(settings: Settings, schemes: tuple[Scheme, ...]) -> set[Reason]:
    can_be = {
        Reason.IP_NOT_ALLOWED: bool(settings.allow),
        Reason.CLIENT_CERTIFICATE: settings.client_ca is not None,
        Reason.MISSING_SIGNATURE: bool(schemes),
        Reason.BAD_SIGNATURE: bool(schemes),
        Reason.STALE_TIMESTAMP: any(scheme.timestamp for scheme in schemes),
        Reason.FUTURE_TIMESTAMP: any(scheme.timestamp for scheme in schemes),
        Reason.UNKNOWN_CLICK: settings.click == "required",
    }
    return {reason for reason, is_possible in can_be.items() if not is_possible}

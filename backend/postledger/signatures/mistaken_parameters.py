"""The texts that a sender may have signed in place of its parameters: in another order, encoding or form."""

from collections.abc import Iterator
from typing import Literal

from msgspec.structs import replace

from postledger.signatures.canonical_parameters import compile_parameters
from postledger.signatures.examination import Examined
from postledger.signatures.mistake import KEY, Mistake
from postledger.signatures.mistaken_bodies import AS_SENT as BODY_AS_SENT
from postledger.signatures.mistaken_queries import AS_SENT, Variant
from postledger.signatures.profile_schema import Parameters, Scheme
from postledger.vocabulary.refusal import Refused

JOINTS = {joint: joint for joint in (".", ":", "-", "_", "|", ",", ";", "&", "/")} | {
    "": "nothing", " ": "blanks", "\n": "line breaks",
}  # fmt: skip
"""Texts between two values, and how they are shown."""
_ENCODINGS: dict[Literal["none", "form", "rfc3986"], str] = {
    "none": "decoded",
    "form": "encoded as a form, with + for blanks",
    "rfc3986": "percent-encoded by RFC 3986",
}
_MAX_NAMES = 40


def vary_parameters(attempt: Examined) -> Iterator[Variant]:
    """List the texts that may have been signed in place of the parameters."""
    parameters = attempt.scheme.parameters
    assert parameters is not None, "compile_message refuses the placeholder without its table"
    for what, changed in _change(parameters):
        text = _write_parameters(changed, attempt)
        if text is not None:
            yield Mistake(what, AS_SENT if parameters.location == "query" else BODY_AS_SENT), text, True
    for name in _list_names(attempt, parameters):
        text = _write_parameters(replace(parameters, drop=(*parameters.drop, name)), attempt)
        if text is not None:
            advice = f"Sign {name[:64]} as well: the profile wants every parameter that it lists."
            yield Mistake(f"{name[:64]} is left out of the signed string, or added after signing", advice), text, False
    raw = replace(attempt, sent=replace(attempt.sent, decoding="raw"))
    text = _write_parameters(replace(parameters, encode="none"), raw)
    if text is not None:
        yield (
            Mistake("the values are signed encoded, as in the URL", "Decode the values before you sign them."),
            text,
            True,
        )


def _list_names(attempt: Examined, parameters: Parameters) -> list[str]:
    segments = attempt.sent.query_segments() if parameters.location == "query" else attempt.sent.body_segments()
    return list(dict.fromkeys(name for _, name, _ in segments if name))[:_MAX_NAMES]


def _write_parameters(parameters: Parameters, attempt: Examined) -> bytes | None:
    scheme: Scheme = attempt.scheme
    own = {scheme.signature.name} if scheme.signature.location == parameters.location else set()
    try:
        return compile_parameters(parameters, frozenset(own))(attempt.sent, KEY)
    except (Refused, ValueError):
        return None


def _change(parameters: Parameters) -> Iterator[tuple[str, Parameters]]:
    """Change one rule of the table at a time."""
    yield from _change_order(parameters)
    for encode, shown in _ENCODINGS.items():
        yield f"the values are signed {shown}", replace(parameters, encode=encode)
    for join, shown in JOINTS.items():
        yield f"the parameters are joined by {shown}", replace(parameters, join=join)
    ending = "{key}" if "{key}" in parameters.item else ""
    for item in ("{name}={value}", "{value}", "{name}{value}", "{name}:{value}"):
        yield f"each parameter is signed as {item}", replace(parameters, item=item + ending)
    if ending:
        without = parameters.item.replace("{key}", "")
        yield "the secret is missing behind each parameter", replace(parameters, item=without)
    yield "parameters with an empty value are left out of the signed string", replace(parameters, skip="empty")
    yield "parameters with an empty value are signed too", replace(parameters, skip="absent")


def _change_order(parameters: Parameters) -> Iterator[tuple[str, Parameters]]:
    if parameters.only:
        yield "every parameter is signed, not only the listed ones", replace(parameters, only=())
        yield "the listed parameters are sorted by name", replace(parameters, only=tuple(sorted(parameters.only)))
    elif parameters.sort == "name":
        yield "the parameters are not sorted by name", replace(parameters, sort="none")
    else:
        yield "the parameters are sorted by name", replace(parameters, sort="name")

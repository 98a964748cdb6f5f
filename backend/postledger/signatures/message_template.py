"""The signed message, compiled from its template.

A template is refused when it is loaded if a placeholder cannot be filled or if the message has no content of the
request, because any forged request would verify then.
"""

import re
from collections.abc import Sequence

from postledger.signatures.algorithms import ASYMMETRIC
from postledger.signatures.canonical_parameters import Write
from postledger.signatures.placeholders import compile_placeholder
from postledger.signatures.profile_schema import Scheme
from postledger.signatures.public_url import PublicUrl

PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_CONTENT = frozenset({"body", "query", "url", "parameters", "form", "json"})


def find_placeholders(message: str) -> list[str]:
    """List the placeholders of a template without their braces; raises ValueError for an unbalanced brace."""
    if "{" in PLACEHOLDER.sub("", message) or "}" in PLACEHOLDER.sub("", message):
        raise ValueError("message: a brace has no counterpart; write placeholders as {name}")
    return PLACEHOLDER.findall(message)


def compile_message(scheme: Scheme, public_url: PublicUrl | None) -> Write:
    """Make the function that writes the message of a scheme; raises ValueError for a template that cannot work."""
    placeholders = find_placeholders(scheme.message)
    writers = _compile_pieces(scheme, public_url)
    _check_content_is_signed(scheme, placeholders)
    if scheme.message == "{query}" and not scheme.drop and not scheme.decode and scheme.methods == ("GET",):
        return lambda sent, _: sent.reading.signed
    return lambda sent, key: b"".join([write(sent, key) for write in writers])


def _compile_pieces(scheme: Scheme, public_url: PublicUrl | None) -> list[Write]:
    pieces = enumerate(PLACEHOLDER.split(scheme.message))
    return [
        compile_placeholder(piece, scheme, public_url) if number % 2 else _literal(piece)
        for number, piece in pieces
        if number % 2 or piece
    ]


def _check_content_is_signed(scheme: Scheme, placeholders: Sequence[str]) -> None:
    kinds = {placeholder.partition(":")[0] for placeholder in placeholders}
    if not kinds & _CONTENT and not scheme.signs_no_content:
        raise ValueError("message: no content of the postback is signed; add {body}, {query}, {url} or {parameters}")
    key_is_written = "key" in kinds or (scheme.parameters is not None and "{key}" in scheme.parameters.item)
    if scheme.mac.startswith("hash") and not key_is_written:
        raise ValueError("message: anyone can compute a plain hash without the secret; add {key}")
    if key_is_written and scheme.mac in ASYMMETRIC:
        raise ValueError(f"message: {{key}} cannot be filled, because {scheme.mac} has no secret; remove it")
    if scheme.parameters is not None and "parameters" not in kinds:
        raise ValueError("message: the table parameters is not used; add {parameters} or remove the table")


def _literal(text: str) -> Write:
    encoded = text.encode()
    return lambda _, __: encoded

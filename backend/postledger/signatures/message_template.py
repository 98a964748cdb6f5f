"""The message: what a signature is made over, compiled from its template.

A placeholder that could not be filled, or a message that nothing of the request enters, is refused when it is loaded:
else every forgery would verify.
"""

import re
from collections.abc import Sequence

from postledger.signatures.algorithms import ASYMMETRIC
from postledger.signatures.canonical_parameters import Write
from postledger.signatures.placeholders import compile_atom
from postledger.signatures.profile_schema import Scheme
from postledger.signatures.public_url import Address

ATOM = re.compile(r"\{([^{}]*)\}")
_CONTENT = frozenset({"body", "query", "url", "parameters", "form", "json"})


def find_atoms(message: str) -> list[str]:
    """List the placeholders of a template, without their braces."""
    if "{" in ATOM.sub("", message) or "}" in ATOM.sub("", message):
        raise ValueError("message: a brace stands alone")
    return ATOM.findall(message)


def compile_message(scheme: Scheme, address: Address | None) -> Write:
    """Make the function that writes the message of a scheme; ValueError names what cannot be filled."""
    atoms = find_atoms(scheme.message)
    writers = _compile_pieces(scheme, address)
    _check_stands_on_content(scheme, atoms)
    if scheme.message == "{query}" and not scheme.drop and not scheme.decode and scheme.methods == ("GET",):
        return lambda evidence, _: evidence.reading.signed
    return lambda evidence, key: b"".join([write(evidence, key) for write in writers])


def _compile_pieces(scheme: Scheme, address: Address | None) -> list[Write]:
    pieces = enumerate(ATOM.split(scheme.message))
    return [compile_atom(piece, scheme, address) if n % 2 else _literal(piece) for n, piece in pieces if n % 2 or piece]


def _check_stands_on_content(scheme: Scheme, atoms: Sequence[str]) -> None:
    kinds = {atom.partition(":")[0] for atom in atoms}
    if not kinds & _CONTENT and not scheme.signs_no_content:
        raise ValueError("message: nothing of the postback is in it; it needs {body}, {query}, {url} or {parameters}")
    key_is_written = "key" in kinds or (scheme.parameters is not None and "{key}" in scheme.parameters.item)
    if scheme.mac.startswith("hash") and not key_is_written:
        raise ValueError("message: a plain hash needs {key} in it; without it anybody could make one")
    if key_is_written and scheme.mac in ASYMMETRIC:
        raise ValueError(f"message: {{key}} cannot be filled; {scheme.mac} has no secret")
    if scheme.parameters is not None and "parameters" not in kinds:
        raise ValueError("message: the table parameters and {parameters} go together")


def _literal(text: str) -> Write:
    encoded = text.encode()
    return lambda _, __: encoded

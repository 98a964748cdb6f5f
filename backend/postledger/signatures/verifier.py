"""A compiled profile: given a request and what was read of it, tells which secret signed it, or refuses.

Everything fails closed: what is absent, ambiguous or undecodable is refused, and each live secret is tried.
"""

from collections.abc import Iterable, Mapping, Sequence

from postledger.decoding.pairs import Reading
from postledger.signatures.compiled_scheme import CompiledScheme, Verified
from postledger.signatures.message_template import find_atoms
from postledger.signatures.profile_checks import check_scheme
from postledger.signatures.profile_schema import Profile, Scheme
from postledger.signatures.public_url import Address
from postledger.signatures.secret_key import Key
from postledger.signatures.signature_input import NO_READING
from postledger.vocabulary.incoming_request import Request
from postledger.vocabulary.refusal import Reason, Refused


class Verifier:
    """A compiled profile of one source."""

    def __init__(self, profile: Profile, secrets: Sequence[Key], address: Address | None = None) -> None:
        for scheme in profile.schemes:
            check_scheme(scheme)
        compiled = [(scheme, CompiledScheme(scheme, secrets, address)) for scheme in profile.schemes]
        self._schemes: Mapping[str, tuple[CompiledScheme, ...]] = {
            method: tuple(ready for scheme, ready in compiled if method in scheme.methods) for method in ("GET", "POST")
        }
        self._raw_schemes = tuple(ready for scheme, ready in compiled if _stands_on_raw_body(scheme))

    def verify(self, request: Request, reading: Reading, tolerance_s: int) -> Verified:
        """Verify a request; raises `Refused`. The first scheme whose signature was sent decides alone."""
        return _verify(self._schemes[request.method], request, reading, tolerance_s)

    def name_message(self, request: Request, reading: Reading) -> str | None:
        """Name a message that was verified, so that it is known when it comes again; None where nothing dates it."""
        for scheme in self._schemes[request.method]:
            evidence = scheme.find(request, reading)
            if evidence is not None and evidence.given:
                return scheme.name_message(evidence)
        return None

    def refuse_forged(self, request: Request, tolerance_s: int) -> None:
        """Refuse a request whose body could not be read if it bears a signature, and that signature is not right."""
        try:
            _verify(self._raw_schemes, request, NO_READING, tolerance_s)
        except Refused as refused:
            if refused.refusal.reason is not Reason.MISSING_SIGNATURE:
                raise


def _verify(schemes: Iterable[CompiledScheme], request: Request, reading: Reading, tolerance_s: int) -> Verified:
    reason = Reason.MISSING_SIGNATURE
    for scheme in schemes:
        evidence = scheme.find(request, reading)
        if evidence is None:
            continue
        if evidence.given:
            return scheme.check(evidence, tolerance_s)
        reason = Reason.BAD_SIGNATURE  # something stands there, and no scheme can make anything of it
    raise Refused(reason)


def _stands_on_raw_body(scheme: Scheme) -> bool:
    """Tell whether a scheme can be verified when the body makes no sense as parameters."""
    places = [scheme.signature.place] + ([scheme.timestamp.place] if scheme.timestamp else [])
    atoms = {atom.partition(":")[0] for atom in find_atoms(scheme.message)}
    return "POST" in scheme.methods and not {"form", "json"} & {*places, *atoms} and "parameters" not in atoms

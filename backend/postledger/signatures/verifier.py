"""The verifier: a compiled profile that finds the secret which signed a request, or refuses the request.

It fails closed: a missing, ambiguous or undecodable value is refused. Every live secret is tried.
"""

from collections.abc import Iterable, Mapping, Sequence

from postledger.decoding.pairs import Reading
from postledger.signatures.compiled_scheme import CompiledScheme, Verified
from postledger.signatures.message_template import find_placeholders
from postledger.signatures.profile_checks import check_scheme
from postledger.signatures.profile_schema import Profile, Scheme
from postledger.signatures.public_url import PublicUrl
from postledger.signatures.secret_key import Key
from postledger.signatures.signature_input import NO_READING
from postledger.vocabulary.incoming_request import Request
from postledger.vocabulary.refusal import Reason, Refused


class Verifier:
    """A compiled profile of one source."""

    def __init__(self, profile: Profile, secrets: Sequence[Key], public_url: PublicUrl | None = None) -> None:
        for scheme in profile.schemes:
            check_scheme(scheme)
        compiled = [(scheme, CompiledScheme(scheme, secrets, public_url)) for scheme in profile.schemes]
        self._schemes: Mapping[str, tuple[CompiledScheme, ...]] = {
            method: tuple(ready for scheme, ready in compiled if method in scheme.methods) for method in ("GET", "POST")
        }
        self._raw_schemes = tuple(ready for scheme, ready in compiled if _signs_raw_body(scheme))

    def verify(self, request: Request, reading: Reading, tolerance_s: int) -> Verified:
        """Verify a request; raises `Refused`. Only the first scheme whose signature was sent is used."""
        return _verify(self._schemes[request.method], request, reading, tolerance_s)

    def name_message(self, request: Request, reading: Reading) -> str | None:
        """Identify a verified message, so that its repeat is recognised; None if its content has no timestamp."""
        for scheme in self._schemes[request.method]:
            sent = scheme.find(request, reading)
            if sent is not None and sent.signatures:
                return scheme.name_message(sent)
        return None

    def refuse_forged(self, request: Request, tolerance_s: int) -> None:
        """Refuse a request whose body cannot be parsed if its signature is wrong; one without a signature passes."""
        try:
            _verify(self._raw_schemes, request, NO_READING, tolerance_s)
        except Refused as refused:
            if refused.refusal.reason is not Reason.MISSING_SIGNATURE:
                raise


def _verify(schemes: Iterable[CompiledScheme], request: Request, reading: Reading, tolerance_s: int) -> Verified:
    reason = Reason.MISSING_SIGNATURE
    for scheme in schemes:
        sent = scheme.find(request, reading)
        if sent is None:
            continue
        if sent.signatures:
            return scheme.check(sent, tolerance_s)
        reason = Reason.BAD_SIGNATURE  # a signature was sent, but not in the format of this scheme
    raise Refused(reason)


def _signs_raw_body(scheme: Scheme) -> bool:
    """Return whether a scheme can be verified if the body cannot be parsed into parameters."""
    kinds = {placeholder.partition(":")[0] for placeholder in find_placeholders(scheme.message)}
    needs_parsing = {"form", "json", "parameters"} & {scheme.signature.location, *kinds}
    return "POST" in scheme.methods and not needs_parsing

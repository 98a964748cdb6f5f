"""Partner tokens in requests: `Authorization: Bearer plt_…`, and the answers to a missing, a wrong and a leaked one.

A token never belongs in a query string: proxies, browsers and servers on the way log those.
"""

import re
from collections.abc import Callable

import falcon

from postledger.decoding.pairs import unescape
from postledger.http.answers import answer_refusal
from postledger.http.requests import receipt_of
from postledger.partners.tokens import PREFIX, is_token
from postledger.vocabulary.refusal import Cause, Reason, Refusal

_BEARER = re.compile(r"bearer +(\S+) *", re.IGNORECASE)
_LEAKED = re.compile(rf"{PREFIX}[A-Za-z0-9_-]{{43}}".encode())
_NO_TOKEN = Refusal(Reason.MISSING_SIGNATURE, cause=Cause.PARTNER_TOKEN)
_LEAKED_TOKEN = Refusal(Reason.MALFORMED, cause=Cause.LEAKED_TOKEN)
_SLUG = "postledger.token_of"


class Gatekeeper:
    """Knows the source that a request's token opens. `find_source` looks a token up and returns the source's slug."""

    def __init__(self, find_source: Callable[[str], str | None]) -> None:
        self._find_source = find_source

    def source_of(self, request: falcon.Request, response: falcon.Response) -> str | None:
        """Return the slug of the source that the token opens; None without a valid token.

        The edge learns from a header, which it removes, that the token is valid. Raises `DatabaseFailed`.
        """
        if _SLUG not in request.env:
            token = find_token(request)
            request.env[_SLUG] = self._find_source(token) if token else None
        slug: str | None = request.env[_SLUG]
        if slug is not None:
            response.set_header("X-Postledger-Token", "valid")
        return slug

    def admits(self, request: falcon.Request, response: falcon.Response, slug: str) -> bool:
        """Return whether the token opens this source. If not, the request is answered: 401, whatever is wrong."""
        if self.source_of(request, response) == slug:
            return True
        answer_no_token(request, response)
        return False


def find_token(request: falcon.Request) -> str | None:
    """Return the partner token of a request. Other credentials belong to the source's signature, and are none."""
    found = _BEARER.fullmatch(request.env.get("HTTP_AUTHORIZATION", ""))
    return found[1] if found and is_token(found[1]) else None


def has_token(request: falcon.Request) -> bool:
    """Return whether a request brings anything that calls itself a partner token, valid or not."""
    found = _BEARER.fullmatch(request.env.get("HTTP_AUTHORIZATION", ""))
    return found is not None and found[1].startswith(PREFIX)


def answer_no_token(request: falcon.Request, response: falcon.Response) -> None:
    """Answer 401: no token, a wrong one, a revoked one, and one of another source look the same."""
    answer_refusal(response, receipt_of(request), _NO_TOKEN)
    response.set_header("WWW-Authenticate", "Bearer")


class RefuseLeakedTokens:
    """Falcon middleware: refuses a token in the target of a request, and names it a leak."""

    def process_request(self, request: falcon.Request, response: falcon.Response) -> None:
        """Answer 400 before anything looks at the request."""
        target = request.env.get("RAW_URI", "").encode("latin-1")
        if _LEAKED.search(target) or _LEAKED.search(unescape(target)):
            answer_refusal(response, receipt_of(request), _LEAKED_TOKEN)
            response.complete = True

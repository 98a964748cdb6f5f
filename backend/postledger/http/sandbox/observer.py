"""Counts every answered request of the sandbox, by source and verdict. Nothing is logged here: the edge logs."""

from collections.abc import Callable, Container

import falcon

from postledger.http.requests import SOURCE

UNKNOWN = "unknown"


class SandboxObserver:
    """Falcon middleware. `sources` lists the slugs that may be a label, because any other slug is the sender's text."""

    def __init__(self, count: Callable[[str, str], None], sources: Callable[[], Container[str]]) -> None:
        self._count, self._sources = count, sources

    def process_response(self, request: falcon.Request, response: falcon.Response, _: object, __: bool) -> None:
        """Count an answer: the verdict of a postback, else whether a look-up was answered or refused."""
        source = request.env.get(SOURCE, "")
        is_answered = int(str(response.status)[:3]) < 400
        verdict = response.headers.get("x-postledger-verdict") or ("answered" if is_answered else "refused")
        self._count(source if source in self._sources() else UNKNOWN, verdict)

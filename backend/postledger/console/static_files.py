"""The files that pages load, and the health check."""

from collections.abc import Callable

import falcon

from postledger.console.pages import read_static


class StaticFile:
    """One file of the folder `static`."""

    def __init__(self, name: str, media_type: str) -> None:
        self._data, self._media_type = read_static(name), media_type

    def on_get(self, _: falcon.Request, response: falcon.Response) -> None:
        """Send it."""
        response.data, response.content_type = self._data, self._media_type


class HealthResource:
    """`/healthz`: `find_failing` names the part that fails, or returns None."""

    def __init__(self, find_failing: Callable[[], str | None]) -> None:
        self._find_failing = find_failing

    def on_get(self, _: falcon.Request, response: falcon.Response) -> None:
        """Answer 200 or 503, as the edge does."""
        failing = self._find_failing()
        response.content_type = falcon.MEDIA_JSON
        response.text = '{"status":"ok"}' if failing is None else f'{{"status":"unavailable","failing":"{failing}"}}'
        response.status = falcon.HTTP_200 if failing is None else falcon.HTTP_503

    on_head = on_get

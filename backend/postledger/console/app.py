"""The Falcon application of the console, and one place for its errors. Every answer is a page, and none is stored.

The edge ends TLS before it, writes the access log, and bounds how large and how slow a request is.
"""

import logging
import traceback
from collections.abc import Mapping
from typing import Any

import falcon

from postledger.console.pages import show_problem

App = falcon.App[falcon.Request, falcon.Response]
Headers = Mapping[str, str]

HEADERS: Headers = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex",
}
_HTML = "text/html; charset=utf-8"

_log = logging.getLogger("postledger.console")


class AddHeaders:
    """Falcon middleware: the headers that keep a page to itself."""

    def process_response(self, _: falcon.Request, response: falcon.Response, __: object, ___: bool) -> None:
        """Add them to every answer, those to errors too."""
        response.set_headers(dict(HEADERS))


def create_console_app(routes: Mapping[str, object]) -> App:
    """Wire the pages."""
    app = App(media_type=_HTML, middleware=[AddHeaders()])
    app.req_options.strip_url_path_trailing_slash = True
    app.add_error_handler(falcon.HTTPError, _answer_http_error)
    app.add_error_handler(Exception, _answer_bug)
    for path, resource in routes.items():
        app.add_route(path, resource)
    return app


def _answer_http_error(_: falcon.Request, response: falcon.Response, error: falcon.HTTPError, __: Any) -> None:
    response.status = error.status
    response.set_headers(dict(error.headers or {}))
    response.text = show_problem("This page does not exist" if error.status_code == 404 else "This cannot be read")


def _answer_bug(request: falcon.Request, response: falcon.Response, error: Exception, _: Any) -> None:
    # Log where it happened, never the message: an exception's message may quote a token or an amount.
    frames = traceback.extract_tb(error.__traceback__)
    where = " < ".join(f"{frame.name}:{frame.lineno}" for frame in reversed(frames))
    receipt = request.get_header("X-Request-Id", default="none")
    _log.error("bug: receipt=%s type=%s at=%s", receipt, type(error).__name__, where)
    response.status = falcon.HTTP_500
    response.text = show_problem("Something is broken here", f"Nothing was decided. The log names it by {receipt}.")

"""The Falcon application of the sandbox. Other routes of partners are added to it here."""

from collections.abc import Mapping
from typing import Any

import falcon

from postledger.http.answers import answer_not_found, answer_refusal
from postledger.http.app import App, create_app
from postledger.http.requests import receipt_of
from postledger.http.sandbox.gatekeeper import RefuseLeakedTokens
from postledger.http.sandbox.observer import SandboxObserver
from postledger.http.sandbox.postback import SandboxPostbackResource
from postledger.platform.postgres.errors import DatabaseFailed
from postledger.vocabulary.refusal import Reason, Refusal


def create_sandbox_app(
    postbacks: SandboxPostbackResource | None, routes: Mapping[str, object], observer: SandboxObserver
) -> App:
    """Wire the routes of partners. Without `postbacks` the sandbox is off; receipts are in `routes` all the same."""
    app = create_app(observer, RefuseLeakedTokens())
    app.add_error_handler(DatabaseFailed, _answer_unavailable)
    app.add_sink(_answer_nothing, r"/")  # of two sinks that fit, Falcon takes the one that was added last
    for path, resource in routes.items():
        app.add_route(path, resource)
    if postbacks is not None:
        app.add_route("/sandbox/postback", postbacks)
        app.add_route("/sandbox/postback/{source}", postbacks)
        app.add_sink(postbacks, r"/sandbox/")
    return app


def _answer_nothing(req: falcon.Request, resp: falcon.Response, **_: Any) -> None:
    answer_not_found(resp, receipt_of(req))


def _answer_unavailable(request: falcon.Request, response: falcon.Response, _: DatabaseFailed, __: Any) -> None:
    answer_refusal(response, receipt_of(request), Refusal(Reason.UNAVAILABLE))

"""The Falcon application: routes to resources, and one place for what went wrong."""

import logging
import traceback
from collections.abc import Callable
from typing import Any

import falcon

from postledger.http.answers import answer_error, answer_get_only, answer_not_found, answer_refusal
from postledger.http.click import ClickResource
from postledger.http.dialect import DialectSink
from postledger.http.health import HealthResource, MetricsResource
from postledger.http.policy import PolicyResource
from postledger.http.postback import PostbackResource
from postledger.http.request_log_event import Teller
from postledger.http.requests import receipt_of
from postledger.http.schemas import SchemaResource
from postledger.vocabulary.refusal import Reason, Refusal

_log = logging.getLogger("postledger.http")


class BackendApp(falcon.App[falcon.Request, falcon.Response]):
    """The WSGI application of one worker, and how to close what it opened."""

    def __init__(self, close: Callable[[], None], teller: Teller | None) -> None:
        super().__init__(media_type=falcon.MEDIA_JSON, middleware=[teller] if teller else [])
        self.close = close


def create_app(
    postbacks: PostbackResource,
    clicks: ClickResource,
    health: HealthResource,
    metrics: MetricsResource,
    policy: PolicyResource,
    *,
    dialects: DialectSink,
    schemas: SchemaResource,
    teller: Teller | None,
    close: Callable[[], None],
) -> BackendApp:
    """Wire resources to paths; `teller` is told of every request that was answered."""
    app = BackendApp(close, teller)
    app.add_route("/tracking/postback", postbacks)
    app.add_route("/tracking/postback/{source}", postbacks)
    app.add_route("/click/{campaign}", clicks)
    app.add_route("/healthz", health)
    app.add_route("/internal/metrics", metrics)
    app.add_route("/internal/policy", policy)
    app.add_route("/schemas/{name}", schemas)
    app.add_sink(dialects, r"/")
    app.add_error_handler(falcon.HTTPError, _answer_http_error)
    app.add_error_handler(Exception, _answer_bug)
    return app


def _answer_http_error(request: falcon.Request, response: falcon.Response, error: falcon.HTTPError, _: Any) -> None:
    if isinstance(error, falcon.HTTPMethodNotAllowed):
        answer_get_only(response, receipt_of(request))  # postbacks refuse for themselves; all else can only be read
    elif isinstance(error, falcon.HTTPNotFound):
        answer_not_found(response, receipt_of(request))
    else:  # what Falcon itself finds wrong with a request before any resource sees it
        answer_refusal(response, receipt_of(request), Refusal(Reason.MALFORMED))


def _answer_bug(request: falcon.Request, response: falcon.Response, error: Exception, _: Any) -> None:
    # Where, but never what: the message of an exception may quote the request, and so may the lines of a traceback.
    frames = traceback.extract_tb(error.__traceback__)
    where = " < ".join(f"{frame.name}:{frame.lineno}" for frame in reversed(frames))
    _log.error("bug: receipt=%s type=%s at=%s", receipt_of(request), type(error).__name__, where)
    answer_error(response, receipt_of(request))

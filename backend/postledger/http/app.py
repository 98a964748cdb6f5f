"""The Falcon application: routes to resources, and one place for what went wrong."""

import logging
import time
import traceback
from collections.abc import Callable
from typing import Any

import falcon

from postledger.domain.refusal import Reason, Refusal
from postledger.http.answers import answer_error, answer_get_only, answer_not_found, answer_refusal
from postledger.http.click import ClickResource
from postledger.http.dialect import DialectSink
from postledger.http.health import HealthResource, MetricsResource
from postledger.http.policy import PolicyResource
from postledger.http.postback import PostbackResource
from postledger.http.requests import ROUTE, receipt_of
from postledger.http.schemas import SchemaResource

_log = logging.getLogger("postledger.http")

ObserveRequest = Callable[[str, str, float], None]
Tell = Callable[[falcon.Request, falcon.Response, str, float], None]


class BackendApp(falcon.App[falcon.Request, falcon.Response]):
    """The WSGI application of one worker, and how to close what it opened."""

    def __init__(self, close: Callable[[], None], observe_request: ObserveRequest, tell: Tell | None) -> None:
        super().__init__(media_type=falcon.MEDIA_JSON, middleware=[_Timing(observe_request, tell)])
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
    observe_request: ObserveRequest,
    tell: Tell | None,
    close: Callable[[], None],
) -> BackendApp:
    """Wire resources to paths; without `tell` no request leaves a line."""
    app = BackendApp(close, observe_request, tell)
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


class _Timing:
    """Observes how long each request took, by route and status, and has it told."""

    def __init__(self, observe: ObserveRequest, tell: Tell | None) -> None:
        self._observe, self._tell = observe, tell

    def process_request(self, request: falcon.Request, _: falcon.Response) -> None:
        request.env["postledger.started_s"] = time.perf_counter()

    def process_response(self, request: falcon.Request, response: falcon.Response, resource: object, _: bool) -> None:
        seconds = time.perf_counter() - request.env["postledger.started_s"]
        route = request.env.get(ROUTE, "other") if resource is None else getattr(resource, "route", "other")
        self._observe(route, str(response.status)[:3], seconds)
        if self._tell is not None:
            self._tell(request, response, route, seconds)


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

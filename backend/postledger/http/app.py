"""The two Falcon applications: the public routes and the operators' routes, and one place for errors.

They are two applications on two sockets, so that a public request cannot reach an operators' route even if the edge
routes it wrongly.
"""

import logging
import traceback
from typing import Any

import falcon

from postledger.http.answers import answer_error, answer_get_only, answer_not_found, answer_refusal
from postledger.http.click import ClickResource
from postledger.http.dialect import DialectSink
from postledger.http.health import HealthResource, MetricsResource
from postledger.http.policy import PolicyResource
from postledger.http.postback import PostbackResource
from postledger.http.request_log_event import RequestObserver
from postledger.http.requests import receipt_of
from postledger.http.schemas import SchemaResource
from postledger.platform.server.wsgi_exchange import CLOSE
from postledger.vocabulary.refusal import Cause, Reason, Refusal

App = falcon.App[falcon.Request, falcon.Response]

_log = logging.getLogger("postledger.http")


def create_public_app(
    postbacks: PostbackResource,
    clicks: ClickResource,
    schemas: SchemaResource,
    dialects: DialectSink,
    observer: RequestObserver,
) -> App:
    """Wire what networks, visitors and partners request; any path that is not listed goes to `dialects`."""
    app = create_app(observer)
    app.add_route("/tracking/postback", postbacks)
    app.add_route("/tracking/postback/{source}", postbacks)
    app.add_route("/click", clicks)  # a link that lost its campaign: a visitor gets a page here too
    app.add_route("/click/{campaign:path}", clicks)
    app.add_route("/schemas/{name}", schemas)
    app.add_sink(dialects, r"/")
    return app


def create_operators_app(
    health: HealthResource, metrics: MetricsResource, policy: PolicyResource, observer: RequestObserver
) -> App:
    """Wire what the edge and operators' programs request."""
    app = create_app(observer)
    app.add_route("/healthz", health)
    app.add_route("/internal/metrics", metrics)
    app.add_route("/internal/policy", policy)
    return app


def create_app(*middleware: Any) -> App:
    """Create an application without routes, with the answers to errors that all applications share."""
    app = App(media_type=falcon.MEDIA_JSON, middleware=list(middleware))
    app.req_options.strip_url_path_trailing_slash = True  # the same route, as for the edge
    app.add_error_handler(falcon.HTTPError, _answer_http_error)
    app.add_error_handler(Exception, _answer_bug)
    return app


def _answer_http_error(request: falcon.Request, response: falcon.Response, error: falcon.HTTPError, _: Any) -> None:
    if isinstance(error, falcon.HTTPMethodNotAllowed):
        answer_get_only(response, receipt_of(request))  # postbacks refuse for themselves; all else can only be read
    elif isinstance(error, falcon.HTTPNotFound):
        answer_not_found(response, receipt_of(request))
    else:  # a fault that Falcon finds in a request before any resource sees it, or a body that ends nowhere
        response.set_header(*CLOSE)
        answer_refusal(response, receipt_of(request), Refusal(Reason.MALFORMED, cause=Cause.REQUEST_HEAD))


def _answer_bug(request: falcon.Request, response: falcon.Response, error: Exception, _: Any) -> None:
    # Log where it happened, never the message: an exception's message may quote the request, and so may source lines.
    frames = traceback.extract_tb(error.__traceback__)
    where = " < ".join(f"{frame.name}:{frame.lineno}" for frame in reversed(frames))
    _log.error("bug: receipt=%s type=%s at=%s", receipt_of(request), type(error).__name__, where)
    answer_error(response, receipt_of(request))

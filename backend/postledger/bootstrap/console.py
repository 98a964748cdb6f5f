"""The composition root of the console: pages for people, in a process of its own with threads.

It is apart from the backend, because a page may take its time, and a postback may not.
"""

import os
import time
from datetime import UTC, datetime
from functools import partial
from typing import Any, cast

from postledger.console.app import App, create_console_app
from postledger.console.decision import RESULTS, DecisionResource
from postledger.console.guesses import Guesses
from postledger.console.static_files import HealthResource, StaticFile
from postledger.finance.rules.decision_rule import Verdict
from postledger.metrics.console_metrics import ConsoleMetrics
from postledger.notifications.decide_by_link import Decided, Opened, decide_by_link, open_by_link
from postledger.platform.postgres.connection import ping
from postledger.platform.postgres.errors import DatabaseFailed, translated_errors
from postledger.platform.postgres.pool import Pool, make_pool
from postledger.platform.server.status_server import StatusApplication
from postledger.platform.server.wsgi_exchange import LISTENER, Application, ByListener
from postledger.platform.settings import read_console_settings

POOL_SIZE = 4


class ByThread(ByListener):
    """The applications by listener, for gunicorn's own workers, which name the listener in another way."""

    def __call__(self, environment: dict[str, Any], start_response: Any) -> Any:
        """Answer one request."""
        return super().__call__({**environment, LISTENER: environment["gunicorn.socket"].getsockname()}, start_response)


def create() -> ByListener:
    """Build the applications from the process environment; gunicorn calls it after the fork."""
    settings = read_console_settings(os.environ)
    pool, metrics = make_pool(settings.database_url, size=POOL_SIZE), ConsoleMetrics(RESULTS)
    pool.open()
    find_failing = partial(_find_failing, pool)
    status = cast("Application", StatusApplication(metrics.render, find_failing))
    others = {} if settings.port is None else {("127.0.0.1", settings.port): status}
    return ByThread(_create_app(pool, metrics), others, close=pool.close)


def _create_app(pool: Pool, metrics: ConsoleMetrics) -> App:
    decision = DecisionResource(partial(_look, pool), partial(_take, pool), Guesses(time.monotonic), metrics.count)
    return create_console_app(
        {
            "/decide": decision,
            "/console.css": StaticFile("console.css", "text/css; charset=utf-8"),
            "/console.js": StaticFile("console.js", "text/javascript; charset=utf-8"),
            "/healthz": HealthResource(partial(_find_failing, pool)),
        }
    )


def _look(pool: Pool, token: str) -> Opened:
    with translated_errors(), pool.connection() as connection:
        return open_by_link(connection, token, datetime.now(UTC))


def _take(pool: Pool, token: str, verdict: Verdict, comment: str | None) -> Decided:
    with translated_errors(), pool.connection() as connection:
        return decide_by_link(connection, token, verdict, comment, datetime.now(UTC))


def _find_failing(pool: Pool) -> str | None:
    try:
        with translated_errors(), pool.connection() as connection:
            ping(connection)
    except DatabaseFailed:
        return "postgres"
    return None

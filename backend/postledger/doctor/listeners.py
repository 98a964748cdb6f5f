"""Checks what listens: the three listeners of the edge, the worker, the sandbox, Prometheus and Alertmanager."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import httpx

from postledger.doctor.check_result import CheckResult
from postledger.platform.server.edge_client import find_target, make_trust, open_client
from postledger.platform.settings import read_monitoring_password

TIMEOUT_S = 5.0
_UNAUTHORIZED = 401
_FAILING = re.compile(r'"failing":"(\w+)"')


class Listener(NamedTuple):
    """A listener: the variable that holds its address, a path to request, and the response that it must give."""

    name: str
    variable: str
    path: str
    expect: Callable[[httpx.Response], bool]
    advice: str
    needs_password: bool = False


def _is_ok(response: httpx.Response) -> bool:
    return response.status_code == 200


def _is_refused(response: httpx.Response) -> bool:
    return response.status_code == 403


def _has_metrics(response: httpx.Response) -> bool:
    return response.status_code == 200 and "postledger_" in response.text


LISTENERS = (
    Listener(
        "edge",
        "POSTLEDGER_EDGE_URL",
        "/healthz",
        _is_ok,
        "look at the log of the part that fails",
    ),
    Listener(
        "plain http",
        "POSTLEDGER_EDGE_HTTP_URL",
        "/",
        _is_refused,
        "it must refuse every request; restore edge/nginx.conf",
    ),
    Listener(
        "ops",
        "POSTLEDGER_OPS_URL",
        "/metrics/backend",
        _has_metrics,
        "the backend exports no metrics; look at its log",
    ),
    Listener("worker", "POSTLEDGER_WORKER_URL", "/healthz", _is_ok, "look at the log of the worker"),
    Listener("sandbox", "POSTLEDGER_SANDBOX_URL", "/healthz", _is_ok, "look at the log of the sandbox"),
    Listener("console", "POSTLEDGER_CONSOLE_STATUS_URL", "/healthz", _is_ok, "look at the log of the console"),
    Listener("prometheus", "PROMETHEUS_URL", "/-/ready", _is_ok, "look at the log of prometheus", True),
    Listener("alertmanager", "ALERTMANAGER_URL", "/-/ready", _is_ok, "look at the log of alertmanager", True),
)


def check_listeners(environment: Mapping[str, str]) -> Iterator[CheckResult]:
    """Send one request to each listener."""
    for listener in LISTENERS:
        if base := environment.get(listener.variable):
            yield _request(listener, base.rstrip("/") + listener.path, environment)
        else:
            advice = f"set {listener.variable}, or run: make up"
            yield CheckResult(listener.name, False, f"{listener.variable} is not set", advice)


def _request(listener: Listener, url: str, environment: Mapping[str, str]) -> CheckResult:
    name = listener.name
    try:
        trust = make_trust(environment.get("POSTLEDGER_CA_FILE"))
        with open_client(trust, find_target(environment, url), TIMEOUT_S) as client:
            response = client.get(url, auth=read_monitoring_password(environment) if listener.needs_password else None)
    except OSError as error:
        advice = "set it to the file with the edge's certificate"
        return CheckResult(name, False, f"POSTLEDGER_CA_FILE cannot be read ({error.strerror})", advice)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        is_untrusted = "CERTIFICATE" in str(error)
        advice = "set POSTLEDGER_CA_FILE to the edge's certificate" if is_untrusted else "is it up? run: make up"
        return CheckResult(name, False, f"{url} does not answer ({type(error).__name__})", advice)
    failing = _FAILING.search(response.text)
    found = f"{url} answers {response.status_code}" + (f", {failing[1]} fails" if failing else "")
    is_unauthorized = listener.needs_password and response.status_code == _UNAUTHORIZED
    advice = "set PROMETHEUS_USER and PROMETHEUS_PASSWORD, or run: make up" if is_unauthorized else listener.advice
    return CheckResult(name, listener.expect(response), found, advice)

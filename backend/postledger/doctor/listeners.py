"""What `doctor` asks of the parts that listen: the edge's three listeners, Prometheus and Alertmanager."""

from collections.abc import Callable, Iterator, Mapping

import httpx

from postledger.doctor.check_result import Finding
from postledger.doctor.edge_client import find_way, make_trust, open_client

TIMEOUT_S = 5.0

Expect = Callable[[httpx.Response], bool]


def _is_ok(response: httpx.Response) -> bool:
    return response.status_code == 200


def _is_refused(response: httpx.Response) -> bool:
    return response.status_code == 403


def _has_metrics(response: httpx.Response) -> bool:
    return response.status_code == 200 and "postledger_" in response.text


LISTENERS: tuple[tuple[str, str, str, Expect, str], ...] = (
    (
        "edge",
        "POSTLEDGER_EDGE_URL",
        "/healthz",
        _is_ok,
        "its answer names the part that fails; look at that part's log",
    ),
    ("plain http", "POSTLEDGER_EDGE_HTTP_URL", "/", _is_refused, "it must refuse everything; restore edge/nginx.conf"),
    ("ops", "POSTLEDGER_OPS_URL", "/metrics/backend", _has_metrics, "the backend gives no metrics; look at its log"),
    ("prometheus", "PROMETHEUS_URL", "/-/ready", _is_ok, "look at the log of prometheus"),
    ("alertmanager", "ALERTMANAGER_URL", "/-/ready", _is_ok, "look at the log of alertmanager"),
)
"""Of each: its name, the variable with its address, the path to ask, what it must answer, what to do otherwise."""


def examine_listeners(environment: Mapping[str, str]) -> Iterator[Finding]:
    """Ask each listener once."""
    for name, variable, path, expect, advice in LISTENERS:
        if base := environment.get(variable):
            yield _ask(name, base.rstrip("/") + path, expect, advice, environment)
        else:
            yield Finding(name, False, f"{variable} is not set", f"set {variable}, or run: make up")


def _ask(name: str, url: str, expect: Expect, advice: str, environment: Mapping[str, str]) -> Finding:
    try:
        trust = make_trust(environment.get("POSTLEDGER_CA_FILE"))
        with open_client(trust, find_way(environment, url), TIMEOUT_S) as client:
            response = client.get(url)
    except OSError as error:
        return Finding(name, False, f"POSTLEDGER_CA_FILE: {error.strerror}", "point it at the edge's certificate")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        is_untrusted = "CERTIFICATE" in str(error)
        way_out = "point POSTLEDGER_CA_FILE at the edge's certificate" if is_untrusted else "is it up? run: make up"
        return Finding(name, False, f"{url} does not answer ({type(error).__name__})", way_out)
    return Finding(name, expect(response), f"{url} answers {response.status_code}", advice)

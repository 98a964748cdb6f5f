"""Sends one request to a receiver, and reads as much of its answer as must be read."""

from http.client import HTTPConnection, HTTPResponse
from typing import Any

import gevent

from postledger.outgoing.answer import Answer, Fault
from postledger.outgoing.connect import (
    EXCHANGE_ERRORS,
    USER_AGENT,
    AddressRefused,
    Broken,
    Network,
    connect,
    name_fault,
)
from postledger.outgoing.rules.forward import Forward
from postledger.outgoing.rules.render import Request
from postledger.outgoing.rules.url_template import UrlTemplate

MAX_ANSWER_BYTES = 64 * 1024
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


def deliver(request: Request, forward: Forward, network: Network) -> Answer:
    """Send a request to the host of a forward and return the outcome. Its timeout bounds the exchange."""
    timeout = gevent.Timeout(forward.timeout_s)
    try:
        with timeout:
            return _exchange(request, forward, network)
    except gevent.Timeout as passed:
        if passed is not timeout:
            raise
        return Answer(fault=Fault.TIMEOUT)
    except AddressRefused as refused:
        return Answer(blocked=refused.reason)
    except EXCHANGE_ERRORS as error:
        return Answer(fault=name_fault(error))


def _exchange(request: Request, forward: Forward, network: Network) -> Answer:
    sock = connect(forward.template, network, allow_private=forward.allow_private)
    try:
        return _ask(sock, request, forward.template)
    finally:
        sock.close()


def _ask(sock: Any, request: Request, place: UrlTemplate) -> Answer:
    connection = HTTPConnection(place.host, place.port)
    connection.sock = sock
    headers = {
        "Host": place.origin.partition("://")[2],
        "User-Agent": USER_AGENT,
        "Connection": "close",
        **request.headers,
    }
    connection.request(request.method, request.target, request.body or None, headers)
    with connection.getresponse() as response:
        _read_to_end(response)
        fault = Fault.REDIRECT if response.status in _REDIRECTS else None
        return Answer(response.status, fault, retry_after=response.headers.get("Retry-After"))


def _read_to_end(response: HTTPResponse) -> None:
    """Read the body, so that a receiver that hangs in the middle of its answer is seen. It is thrown away."""
    body = response.read(MAX_ANSWER_BYTES)
    if response.length and len(body) < MAX_ANSWER_BYTES:
        raise Broken

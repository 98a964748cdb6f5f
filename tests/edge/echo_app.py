"""A stand-in for the backend that answers with what it was asked, so that a test can see what the edge passed on.

A real WSGI program under the real gunicorn on a real unix socket; only the answers are invented.
"""

import json
import os
import re
import socket
from collections.abc import Iterable
from itertools import count
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

Environ = dict[str, Any]
Answer = Iterable[bytes]
# A number for each connection that the edge makes, never given twice, as file descriptors are.
CONNECTIONS: WeakKeyDictionary[socket.socket, int] = WeakKeyDictionary()
NUMBERS = count()


def app(environ: Environ, start_response: Any) -> Answer:
    """The last part of the path tells how to answer; everything else is echoed with 200."""
    if environ["PATH_INFO"] == "/internal/policy" and _socket_name(environ) == "operators.sock":
        return _policy(environ, start_response)
    if "/verdict/" in environ["PATH_INFO"]:
        return _judge(environ, start_response)
    ending = environ["PATH_INFO"].rpartition("/")[2]
    return ENDINGS.get(ending, _echo)(environ, start_response)


def _socket_name(environ: Environ) -> str:
    """The file name of the socket that accepted the connection."""
    return Path(environ["gunicorn.socket"].getsockname()).name


def _echo(environ: Environ, start_response: Any) -> Answer:
    seen = {
        "method": environ["REQUEST_METHOD"],
        "uri": environ["RAW_URI"],
        "headers": {name[5:].replace("_", "-").lower(): environ[name] for name in environ if name.startswith("HTTP_")},
        "content_type": environ.get("CONTENT_TYPE", ""),
        "body_bytes": len(environ["wsgi.input"].read()),
        "pid": os.getpid(),
        "socket": _socket_name(environ),
        "connection": CONNECTIONS.setdefault(environ["gunicorn.socket"], next(NUMBERS)),
    }
    body = json.dumps(seen).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


def _policy(environ: Environ, start_response: Any) -> Answer:
    """Whatever bytes the test has put there; their version, where they have one, is the ETag."""
    try:
        body = Path(os.environ["ECHO_POLICY"]).read_bytes()
    except FileNotFoundError:
        start_response("503 Service Unavailable", [("Content-Length", "0")])
        return []
    etag = '"' + (re.findall(rb'"version": ?(\d+)', body) or [b"none"])[0].decode() + '"'
    if environ.get("HTTP_IF_NONE_MATCH") == etag:
        start_response("304 Not Modified", [("ETag", etag)])
        return []
    start_response("200 OK", [("ETag", etag), ("Content-Length", str(len(body)))])
    return [body]


def _judge(environ: Environ, start_response: Any) -> Answer:
    verdict, reason = environ["PATH_INFO"].split("/")[-2:]
    start_response(
        "200 OK", [("Content-Length", "0"), ("X-Postledger-Verdict", verdict), ("X-Postledger-Reason", reason)]
    )
    return []


def _refuse(_: Environ, start_response: Any) -> Answer:
    body = b'{"reason":"of the backend"}'
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body))), ("Retry-After", "7")]
    start_response("503 Service Unavailable", [*headers, ("X-Accel-Redirect", "/healthz")])
    return [body]


def _hang_up(environ: Environ, _: Any) -> Answer:
    with Path(os.environ["ECHO_POLICY"]).with_name("hung-up-on").open("a") as receipts:
        receipts.write(environ["HTTP_X_REQUEST_ID"] + "\n")
    environ["gunicorn.socket"].shutdown(socket.SHUT_RDWR)
    raise ConnectionError("hung up before the answer")


def _hang_up_midway(environ: Environ, start_response: Any) -> Answer:
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", "1000")])
    yield b'{"half":'
    environ["gunicorn.socket"].shutdown(socket.SHUT_RDWR)
    raise ConnectionError("hung up in the middle")


def _answer_late(environ: Environ, start_response: Any) -> Answer:
    """Answers once the edge has given up and closed the connection."""
    environ["gunicorn.socket"].settimeout(20)
    environ["gunicorn.socket"].recv(1)
    return _echo(environ, start_response)


def _hold(environ: Environ, start_response: Any) -> Answer:
    """Answers when the test opens the other end of a pipe."""
    held = Path(os.environ["ECHO_POLICY"]).with_name("held")
    os.mkfifo(held)
    held.open("rb").close()
    held.unlink()
    return _echo(environ, start_response)


def _know_token(environ: Environ, start_response: Any) -> Answer:
    """Answer as the sandbox answers a valid token."""
    start_response("200 OK", [("Content-Length", "0"), ("X-Postledger-Token", "valid")])
    return []


ENDINGS = {
    "token-valid": _know_token,
    "held": _hold,
    "die-before-answer": _hang_up,
    "die-mid-answer": _hang_up_midway,
    "refuse": _refuse,
    "never": _answer_late,
}

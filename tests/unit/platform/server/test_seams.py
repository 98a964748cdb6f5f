"""The internals of libraries that Postledger depends on: they exist, they are bounded, and only the seams use them.

A failure here means: read the library's change, mend the module that is named, then move the ceiling in pyproject.toml.
"""

import ast
import inspect
import re
import socket
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gevent
import gevent.hub
import httpcore
import httpx
import psycopg
import pytest
from gunicorn import http, util
from gunicorn.config import Config
from gunicorn.glogging import Logger
from gunicorn.http import wsgi
from gunicorn.workers.ggevent import GeventWorker
from packaging.requirements import Requirement
from prometheus_client import metrics, mmap_dict, values
from psycopg import waiting

from tests.parts.documents import ROOT

PACKAGE = ROOT / "backend/postledger"
SEAMS = ("platform/server/", "platform/metrics/")
INTERNAL = ("gunicorn", "httpcore", "prometheus_client.values", "prometheus_client.mmap_dict", "psycopg.waiting")
LIBRARIES = ("gunicorn", "gevent", "httpcore", "httpx", "prometheus-client", "psycopg")

SIGNATURES: list[tuple[str, Callable[..., Any], str]] = [
    ("server/gunicorn_worker.py", GeventWorker.handle, "self, listener, client, addr"),
    ("server/gunicorn_worker.py", GeventWorker.handle_request, "self, listener_name, req, sock, addr"),
    ("server/gunicorn_worker.py", GeventWorker.handle_error, "self, req, client, addr, exc"),
    ("server/gunicorn_worker.py", GeventWorker.handle_exit, "self, sig, frame"),
    ("server/gunicorn_worker.py", GeventWorker.timeout_ctx, "self"),
    ("server/gunicorn_worker.py", GeventWorker.run, "self"),
    ("server/gunicorn_worker.py", util.write_nonblock, "sock, data, chunked"),
    ("server/wsgi_exchange.py", wsgi.base_environ, "cfg"),
    ("server/wsgi_exchange.py", util.unquote_to_wsgi_str, "string"),
    ("server/gunicorn_logger.py", Logger.setup, "self, cfg"),
    ("server/gunicorn_logger.py", gevent.hub.Hub.handle_error, "self, context, type, value, tb"),
    ("server/gunicorn_logger.py", gevent.hub.Hub.handle_system_error, "self, type, value, tb"),
    ("server/gevent_connection.py", gevent.hub.Hub.wait, "self, watcher"),
    ("server/gevent_connection.py", psycopg.Connection.wait, "self, gen, interval, timeout"),
    (
        "server/edge_client.py",
        httpcore.SyncBackend.connect_tcp,
        "self, host, port, timeout, local_address, socket_options",
    ),
    ("metrics/buffered_values.py", values.MultiProcessValue, "process_identifier"),
    ("metrics/preallocated_file.py", mmap_dict.MmapedDict.__init__, "self, filename, read_mode"),
    ("metrics/preallocated_file.py", mmap_dict.MmapedDict._init_value, "self, key"),
    ("metrics/preallocated_file.py", mmap_dict._pack_integer, "data, pos, value"),
]


@pytest.mark.parametrize(("module", "function", "parameters"), SIGNATURES)
def test_a_function_of_a_library_is_called_as_before(
    module: str, function: Callable[..., Any], parameters: str
) -> None:
    found = ", ".join(inspect.signature(function).parameters)

    assert found == parameters, f"platform/{module} depends on {function.__qualname__}({parameters})"


def test_gunicorns_parser_gives_the_parts_of_a_request() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(b"GET /a%2Fb?x=1 HTTP/1.1\r\nHost: postledger\r\nX-One: 1\r\n\r\n")
        cfg = Config()
        cfg.set("http_parser", "fast")
        request: Any = next(http.get_parser(cfg, ours, ""))

        told = (request.method, request.uri, request.path, request.query, request.headers, request.body.read())

    headers = [("HOST", "postledger"), ("X-ONE", "1")]
    assert told == ("GET", "/a%2Fb?x=1", "/a%2Fb", "x=1", headers, b""), "platform/server/wsgi_exchange.py reads these"
    assert request.should_close() is False, "platform/server/gunicorn_worker.py asks this"


def test_gunicorn_looks_settings_up_in_objects() -> None:
    cfg = Config()

    vars(cfg).update({name: setting.get() for name, setting in cfg.settings.items()})

    assert (cfg.keepalive, cfg.workers) == (2, 1), "platform/server/gunicorn_worker.py copies settings like this"


def test_gunicorns_logger_asks_whether_there_is_an_access_log() -> None:
    assert isinstance(Logger.access_log_enabled, property), "platform/server/gunicorn_logger.py switches it off"


def test_httpx_keeps_its_pool_where_it_can_be_replaced() -> None:
    with httpx.HTTPTransport() as transport:
        assert isinstance(transport._pool, httpcore.ConnectionPool), "platform/server/edge_client.py replaces _pool"

    assert "network_backend" in inspect.signature(httpcore.ConnectionPool).parameters, "platform/server/edge_client.py"


def test_psycopg_waits_for_the_states_that_are_known() -> None:
    states = (waiting.WAIT_R, waiting.WAIT_RW, waiting.READY_R, waiting.READY_RW)

    assert tuple(map(int, states)) == (1, 3, 1, 3), "platform/server/gevent_connection.py answers these"


def test_gevents_loop_watches_descriptors() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(b"x")

        gevent.get_hub().wait(gevent.get_hub().loop.io(ours.fileno(), 1))

        assert ours.recv(1) == b"x", "platform/server/gevent_connection.py waits like this"


def test_prometheus_client_makes_each_value_by_a_class_that_can_be_replaced() -> None:
    assert "values.ValueClass(" in inspect.getsource(metrics), "platform/metrics/buffered_values.py replaces it"
    assert list(inspect.signature(values.MultiProcessValue().inc).parameters) == ["self", "amount"]


def test_prometheus_client_keeps_its_values_in_a_file_that_can_be_replaced(tmp_path: Path) -> None:
    file = mmap_dict.MmapedDict(str(tmp_path / "counter_1.db"))

    assert "files[file_prefix] = MmapedDict(filename)" in inspect.getsource(values.MultiProcessValue)
    assert vars(file).keys() == {"_f", "_fname", "_capacity", "_m", "_positions", "_used"}
    assert (file._capacity, file._used) == (mmap_dict._INITIAL_MMAP_SIZE, 8), "platform/metrics/preallocated_file.py"
    file.close()


def test_every_library_with_a_seam_has_a_ceiling() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    requirements = {one.name: one for one in map(Requirement, project["dependencies"])}
    lock = (ROOT / "requirements.lock").read_text("utf-8")

    for name in LIBRARIES:
        (locked,) = re.findall(rf"^{name}==(\S+)", lock, re.MULTILINE)
        assert "<" in {one.operator for one in requirements[name].specifier}, name
        assert requirements[name].specifier.contains(locked), f"{name} {locked} is locked"


def test_no_other_module_imports_internals_of_a_library() -> None:
    files = [path for path in PACKAGE.rglob("*.py") if not _is_seam(path)]

    found = {f"{path.relative_to(PACKAGE)} imports {name}" for path in files for name in _list_imports(path)}

    assert {line for line in found if _is_internal(line.rpartition(" ")[2])} == set()


def _is_seam(path: Path) -> bool:
    return str(path.relative_to(PACKAGE)).startswith(SEAMS)


def _is_internal(name: str) -> bool:
    is_listed = any(f"{name}.".startswith(f"{one}.") for one in INTERNAL)
    return is_listed or any(part.startswith("_") and not part.startswith("__") for part in name.split("."))


def _list_imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)

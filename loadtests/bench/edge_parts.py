"""What `make bench EDGE=1` puts before and behind the edge: a bare TLS proxy to compare with, and constant answers.

The bare proxy is nginx, as the edge is, with as many workers and the same TLS: what differs is what the edge decides
and writes. The constant comes from the backend's own stack, or from another nginx, which shows the edge's cost alone.
"""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.fernet import Fernet

from loadtests.bench.constant.app import ANSWER
from loadtests.bench.parts import ROOT
from tests.parts.edge import Edge
from tests.parts.ports import free_port
from tests.parts.waiting import wait_until

_COMMON = """
daemon off; pid {home}/{name}.pid; worker_processes auto; worker_rlimit_nofile 16384; error_log stderr crit; {user}
events {{ worker_connections 4096; }}
http {{
    access_log off; client_body_temp_path {home}/{name}.body; proxy_temp_path {home}/{name}.proxy;
    fastcgi_temp_path {home}/{name}.f; uwsgi_temp_path {home}/{name}.u; scgi_temp_path {home}/{name}.s;
    keepalive_requests 10000000; default_type application/json;
    {rest}
}}
"""
_CONSTANT = """
    server {{
        listen unix:{socket};
        location / {{ return 200 '{answer}'; }}
    }}
"""
_BARE = """
    ssl_protocols TLSv1.2 TLSv1.3; ssl_session_cache shared:tls:10m; ssl_session_tickets off; ssl_buffer_size 4k;
    upstream backend {{ server unix:{socket}; keepalive 64; keepalive_requests 100000; }}
    server {{
        listen 127.0.0.1:{port} ssl backlog=4096;
        ssl_certificate {certificate}; ssl_certificate_key {key};
        location / {{ proxy_http_version 1.1; proxy_set_header Connection ""; proxy_pass http://backend; }}
    }}
"""
# In the place of edge/lua/postledger/counters.lua: every function of it that the others call, and none does anything.
_NO_COUNTERS = """
local function nothing() end
return setmetatable({ BUCKETS_S = {} }, { __index = function() return nothing end })
"""


@contextmanager
def run_stack(home: Path) -> Iterator[Path]:
    """Answer by gunicorn, with its own gevent worker, and Falcon, as contestant (a) does, and give the socket."""
    socket = home / "stack.sock"
    environment = {
        **os.environ,
        "PYTHONPATH": f"{ROOT / 'backend'}:{ROOT}",
        "POSTLEDGER_BACKEND_SOCKET": str(socket),
        "PROMETHEUS_MULTIPROC_DIR": str(home / "metrics"),
        # The shipped settings want both; a constant asks neither.
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing",
        "POSTLEDGER_MASTER_KEY": Fernet.generate_key().decode(),
    }
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        "-c",
        "backend/gunicorn.conf.py",
        "-k",
        "gevent",
        "loadtests.bench.constant.app:create()",
    ]
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        wait_until(socket.exists, 30, "gunicorn")
        socket.chmod(0o777)
        yield socket
    finally:
        process.send_signal(signal.SIGQUIT)
        process.wait(20)


@contextmanager
def run_nginx_constant(home: Path) -> Iterator[Path]:
    """Answer by nginx, faster than any backend, and give the socket."""
    socket = home / "constant.sock"
    with _run_nginx(home, "constant", _CONSTANT.format(socket=socket, answer=ANSWER.decode())):
        wait_until(socket.exists, 10, "the constant answer")
        socket.chmod(0o777)
        yield socket


@contextmanager
def run_bare(home: Path, socket: Path, edge: Edge) -> Iterator[tuple[str, int]]:
    """Proxy to the same socket with the edge's certificate and nothing else; give the URL and the master's pid."""
    port = free_port()
    rest = _BARE.format(socket=socket, port=port, certificate=edge.ca_file, key=edge.ca_file.with_suffix(".key"))
    with _run_nginx(home, "bare", rest) as pid:
        yield f"https://127.0.0.1:{port}", pid


def copy_without_metrics(home: Path) -> Path:
    """Copy the edge's files, with a counting module that counts nothing, and give the copy's root."""
    root = _copy(home / "uncounted")
    (root / "edge" / "lua" / "postledger" / "counters.lua").write_text(_NO_COUNTERS)
    return root


def copy_without_sessions(home: Path) -> Path:
    """Copy the edge's files, without a session cache, so that each handshake is a full one; give the copy's root."""
    root = _copy(home / "sessionless")
    tls = root / "edge" / "snippets" / "tls.conf"
    text = tls.read_text()
    assert text.count("ssl_session_cache shared:tls:10m;") == 1
    tls.write_text(text.replace("ssl_session_cache shared:tls:10m;", "ssl_session_cache none;"))
    return root


def _copy(root: Path) -> Path:
    for folder in ("edge", "script"):
        shutil.copytree(ROOT / folder, root / folder)
    return root


@contextmanager
def _run_nginx(home: Path, name: str, rest: str) -> Iterator[int]:
    file = home / f"{name}.conf"
    file.write_text(_COMMON.format(home=home, name=name, user="user root;" if os.geteuid() == 0 else "", rest=rest))
    command = [*_scheduled(), "nginx", "-e", "stderr", "-p", str(home), "-c", str(file)]
    process = subprocess.Popen(command, start_new_session=True)
    try:
        wait_until((home / f"{name}.pid").exists, 10, f"nginx as {name}")
        yield process.pid
    finally:
        process.terminate()
        process.wait(20)


def _scheduled() -> list[str]:
    """Run a program in the edge's scheduling class, as `script/edge` does: else the class would be compared too."""
    if os.environ.get("POSTLEDGER_SCHEDULING") == "normal":
        return []
    return ["sh", "-c", 'chrt --batch --pid 0 $$ 2>/dev/null; exec "$0" "$@"']

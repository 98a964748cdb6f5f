"""The runtime files that `script/edge-config` writes, and the start that it refuses."""

import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.parts.edge import ROOT

SCRIPT = ROOT / "script" / "edge-config"
ENOUGH = {"POSTLEDGER_BACKEND_SOCKET": "/tmp/backend.sock"}


@pytest.fixture
def prefix() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="postledger-config-", dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def configure(prefix: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [SCRIPT, prefix], env={**os.environ, **ENOUGH, **environment}, capture_output=True, text=True, check=False
    )


def runtime(prefix: Path, name: str) -> str:
    return (prefix / "conf" / "runtime" / name).read_text()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("POSTLEDGER_BACKEND_SOCKET", ""),
        ("POSTLEDGER_OPERATORS_SOCKET", "/tmp/backend.sock"),
        ("POSTLEDGER_SANDBOX_SOCKET", "/tmp/backend.sock"),
        ("POSTLEDGER_SANDBOX", "everyone"),
        ("POSTLEDGER_SCHEDULING", "fifo"),
        ("POSTLEDGER_CONSOLE_SOCKET", "/tmp/backend.sock"),
        ("POSTLEDGER_CONSOLE_ADDRESS", "localhost; include /etc/passwd"),
        ("POSTLEDGER_CONSOLE_PORT", "https"),
        ("POSTLEDGER_EDGE_PORT", "https"),
        ("POSTLEDGER_EDGE_LOG_LEVEL", "debug"),
        ("POSTLEDGER_EDGE_PLATFORM", "iis"),
        ("POSTLEDGER_NETWORK_RATE", "fast"),
        ("POSTLEDGER_NETWORK_RATE", "-1"),
        ("POSTLEDGER_LOG_IP", "no"),
        ("POSTLEDGER_PROXY_PROTOCOL", "auto"),
        ("POSTLEDGER_CLIENT_CERTIFICATES", "optional"),
        ("POSTLEDGER_TRUSTED_PROXIES", "10.0.0.0/8,load.balancer"),
        ("POSTLEDGER_SERVER_NAMES", "a.example; include /etc/passwd"),
        ("POSTLEDGER_EDGE_USER", "unknown-user"),
        ("POSTLEDGER_EDGE_ACCESS_LOG", "/nonexistent/access.log"),
        ("POSTLEDGER_EDGE_ACCESS_LOG", "/tmp"),
    ],
)
def test_a_value_that_cannot_be_is_refused_by_the_name_of_its_variable(prefix: Path, variable: str, value: str) -> None:
    done = configure(prefix, **{variable: value})

    assert done.returncode == 1
    assert variable in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("written", "is_on"), [("on", True), ("1", True), ("True", True), ("off", False), ("no", False)]
)
def test_a_switch_is_understood_in_the_ways_that_people_write_one(prefix: Path, written: str, is_on: bool) -> None:
    done = configure(
        prefix, POSTLEDGER_PROXY_PROTOCOL=written, POSTLEDGER_TRUSTED_PROXIES="10.0.0.1",
        POSTLEDGER_CLIENT_CERTIFICATES=written,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert (" proxy_protocol;" in runtime(prefix, "http.conf")) is is_on
    assert ('"postledger.certificate").ask();' in runtime(prefix, "https.conf")) is is_on


def test_an_ipv6_address_gets_its_brackets(prefix: Path) -> None:
    configure(prefix, POSTLEDGER_LISTEN_ADDRESS="::1", POSTLEDGER_EDGE_HTTP_PORT="8080")

    assert runtime(prefix, "http.conf") == "listen [::1]:8080;\n"


def test_the_console_is_on_the_loopback_whatever_the_public_address_is(prefix: Path) -> None:
    configure(prefix, POSTLEDGER_LISTEN_ADDRESS="0.0.0.0", POSTLEDGER_CONSOLE_PORT="8444")  # noqa: S104
    loopback = runtime(prefix, "console.conf")
    configure(prefix, POSTLEDGER_CONSOLE_ADDRESS="::1", POSTLEDGER_CONSOLE_PORT="8444")

    assert loopback.startswith("listen 127.0.0.1:8444 ssl;\nssl_certificate ")
    assert runtime(prefix, "console.conf").startswith("listen [::1]:8444 ssl;\n")


def test_the_shipped_files_are_linked_and_not_copied(prefix: Path) -> None:
    configure(prefix)

    for name in ("nginx.conf", "snippets", "lua"):
        assert (prefix / "conf" / name).resolve() == ROOT / "edge" / name


def test_twice_is_once(prefix: Path) -> None:
    configure(prefix)
    before = sorted((path, path.is_file() and path.read_text()) for path in prefix.rglob("*"))

    configure(prefix)

    assert before == sorted((path, path.is_file() and path.read_text()) for path in prefix.rglob("*"))


def test_openresty_has_http2_as_a_directive_and_nothing_to_load(prefix: Path) -> None:
    configure(prefix, POSTLEDGER_EDGE_PLATFORM="openresty")

    assert "http2 on;" in runtime(prefix, "https.conf")
    assert "platform-openresty" in runtime(prefix, "main.conf")


@pytest.mark.parametrize("umask", [0o022, 0o077])
def test_workers_of_root_give_up_root(prefix: Path, umask: int) -> None:
    subprocess.run([SCRIPT, prefix], env={**os.environ, **ENOUGH}, umask=umask, check=True)

    # Nobody else can change users, and nginx would warn about the attempt.
    assert ("user postledger-edge;" in runtime(prefix, "main.conf")) == (os.geteuid() == 0)


def test_workers_stay_who_they_are_where_they_could_not_reach_the_backend_otherwise(prefix: Path) -> None:
    closed = prefix / "closed"
    closed.mkdir(mode=0o700)

    configure(prefix, POSTLEDGER_BACKEND_SOCKET=str(closed / "backend.sock"))

    assert "postledger-edge" not in runtime(prefix, "main.conf")


def test_the_operators_socket_is_beside_the_public_one_by_default(prefix: Path) -> None:
    configure(prefix)

    assert runtime(prefix, "operators.conf") == 'server "unix:/tmp/operators.sock" max_fails=0;\n'
    assert 'env "POSTLEDGER_OPERATORS_SOCKET=/tmp/operators.sock";' in runtime(prefix, "main.conf")


def test_the_operators_socket_can_be_set(prefix: Path) -> None:
    configure(prefix, POSTLEDGER_OPERATORS_SOCKET="/tmp/others.sock")

    assert runtime(prefix, "operators.conf") == 'server "unix:/tmp/others.sock" max_fails=0;\n'
    assert 'env "POSTLEDGER_OPERATORS_SOCKET=/tmp/others.sock";' in runtime(prefix, "main.conf")


def test_workers_want_as_many_files_as_they_may_have(prefix: Path) -> None:
    """To want more is an alert to nginx, and leaves it with less. Root may have any number, but not in a container."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    allowed = sys.maxsize if most == resource.RLIM_INFINITY else most
    few, wanted = min(allowed, 4096), 2 * 32768
    limited = [
        "prlimit",
        f"--nofile={few // 2}:{few}",
        *(["setpriv", "--bounding-set=-sys_resource"] if os.geteuid() == 0 else []),
    ]

    subprocess.run([*limited, SCRIPT, prefix], env={**os.environ, **ENOUGH}, check=True)
    with_little, connections = runtime(prefix, "main.conf"), runtime(prefix, "events.conf")
    configure(prefix)

    assert f"worker_rlimit_nofile {few};" in with_little
    assert connections.splitlines()[0].startswith(f"# {few // 2} connections for each worker of the edge, not 32768")
    assert connections.splitlines()[1] == f"worker_connections {few // 2};"
    assert f"worker_rlimit_nofile {min(allowed, wanted)};" in runtime(prefix, "main.conf")
    assert f"worker_connections {min(allowed, wanted) // 2};" in runtime(prefix, "events.conf")


def test_proxy_protocol_without_anybody_to_believe_is_refused(prefix: Path) -> None:
    done = configure(prefix, POSTLEDGER_PROXY_PROTOCOL="on")

    assert "POSTLEDGER_TRUSTED_PROXIES is not set" in done.stderr


@pytest.mark.parametrize("kind", ["", "_RSA"])
def test_a_certificate_and_its_key_come_together(prefix: Path, kind: str) -> None:
    certificate, key = f"POSTLEDGER_TLS{kind}_CERTIFICATE", f"POSTLEDGER_TLS{kind}_KEY"

    assert f"{key} is not set" in configure(prefix, **{certificate: "/tmp/edge.crt"}).stderr
    assert f"{certificate} is not set" in configure(prefix, **{key: "/tmp/edge.key"}).stderr


def test_the_access_log_may_be_in_a_folder_of_its_own_with_a_space_in_its_name(prefix: Path) -> None:
    configure(prefix, POSTLEDGER_EDGE_ACCESS_LOG="logs of ours/access.log")

    assert (prefix / "logs of ours").is_dir()
    assert 'access_log "logs of ours/access.log" edge ' in runtime(prefix, "access_log.conf")

"""`doctor` checks the edge's certificates on a real listener, the edge's policy, and the stored sources."""

import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Thread

import pytest

from postledger.doctor.ops_metrics import judge_age
from tests.edge.echo_backend import source
from tests.parts.alerting import Alertmanager
from tests.parts.certificates import make_key_and_certificate
from tests.parts.cli import CommandLine
from tests.parts.credentials import CREDENTIAL_VARIABLES
from tests.parts.edge import Edge
from tests.parts.sources import add_source, remove
from tests.parts.waiting import HANGS_AFTER_S


@contextmanager
def listener(directory: Path, *certificates: tuple[str, timedelta]) -> Iterator[str]:
    """The address of a TLS listener. Each certificate has a kind of key and the time until it expires."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    for kind, left in certificates:
        pem = directory / f"{kind}.pem"
        pem.write_text(make_key_and_certificate("localhost", kind, left))
        context.load_cert_chain(pem)
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = Thread(target=_serve, args=(server, context))
        thread.start()
        try:
            yield f"https://localhost:{server.getsockname()[1]}"
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join(timeout=HANGS_AFTER_S)


def _serve(server: socket.socket, context: ssl.SSLContext) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:  # the test is over
            return
        try:
            with context.wrap_socket(connection, server_side=True) as speaking:
                speaking.recv(1)
        except OSError:  # the client disconnected, or found no certificate of its kind
            continue


def certificate_line(cli: CommandLine) -> str:
    """The line of `doctor` about the edge's certificate."""
    return next(line for line in cli("doctor").out.splitlines() if line[6:].startswith("edge certificate"))


@pytest.mark.parametrize(
    ("certificates", "line"),
    [
        ([("ECDSA", 90)], "ok    edge certificate  ECDSA, 90 days left"),
        ([("RSA", 90)], "ok    edge certificate  RSA, 90 days left"),
        ([("ECDSA", 90), ("RSA", 6)], "FAIL  edge certificate  RSA, 6 days left: renew it and reload the edge"),
        ([("ECDSA", 7)], "ok    edge certificate  ECDSA, 7 days left"),
        ([("ECDSA", -1)], "FAIL  edge certificate  ECDSA, expired 20"),
    ],
)
def test_the_certificate_that_expires_first_is_reported(
    cli: CommandLine, tmp_path: Path, certificates: list[tuple[str, int]], line: str
) -> None:
    given = [(kind, timedelta(days=days, hours=1)) for kind, days in certificates]
    with listener(tmp_path, *given) as url:
        cli.environment["POSTLEDGER_EDGE_URL"] = url

        assert certificate_line(cli).startswith(line)


@pytest.mark.parametrize("url", ["https://127.0.0.1:1", "https://[", "https://localhost:99999", "nonsense"])
def test_an_address_without_a_certificate_is_reported(cli: CommandLine, url: str) -> None:
    cli.environment["POSTLEDGER_EDGE_URL"] = url

    assert certificate_line(cli).startswith(f"FAIL  edge certificate  {url} shows none")


def test_without_an_address_the_variable_is_named(cli: CommandLine) -> None:
    assert certificate_line(cli) == "FAIL  edge certificate  POSTLEDGER_EDGE_URL is not set: set it, or run: make up"


def policy_line(cli: CommandLine) -> str:
    """The line of `doctor` about the edge's policy."""
    return next(line for line in cli("doctor").out.splitlines() if line[6:].startswith("edge policy"))


def test_an_edge_without_a_policy_is_reported(cli: CommandLine) -> None:
    with Edge(backend_socket="/tmp/no-such-socket") as edge:
        cli.environment["POSTLEDGER_OPS_URL"] = edge.ops_url

        assert policy_line(cli).startswith("FAIL  edge policy       the edge has none and refuses every postback")


def test_an_unconfirmed_policy_of_the_edge_is_reported(cli: CommandLine) -> None:
    kept = {"version": 1, "sources": [source("acme")]}
    with Edge(backend_socket="/tmp/no-such-socket") as edge:
        edge.stop()
        edge.keep_policy(kept, age_s=60)
        edge.start()
        cli.environment["POSTLEDGER_OPS_URL"] = edge.ops_url

        told = re.match(r"FAIL  edge policy       confirmed (\d+) s ago: changes do not reach", policy_line(cli))
        assert told is not None
        assert 60 <= int(told[1]) < 3600


@pytest.mark.parametrize(("age_s", "passed"), [(0.4, True), (10, True), (10.1, False)])
def test_a_policy_may_be_ten_seconds_old(age_s: float, passed: bool) -> None:
    assert judge_age(age_s).passed is passed


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://[", "nonsense"])
def test_a_silent_ops_listener_fails_the_policy_check(cli: CommandLine, url: str) -> None:
    cli.environment["POSTLEDGER_OPS_URL"] = url

    assert policy_line(cli).startswith(f"FAIL  edge policy       {url}/metrics does not answer")


def test_without_an_ops_listener_the_variable_is_named(cli: CommandLine) -> None:
    assert policy_line(cli).startswith("FAIL  edge policy       POSTLEDGER_OPS_URL is not set")


def sources_line(cli: CommandLine) -> str:
    """The line of `doctor` about the settings of the sources."""
    return next(line for line in cli("doctor").out.splitlines() if line[6:].startswith("sources"))


def test_sources_with_readable_settings_are_counted(cli: CommandLine, database: str, master_key: str) -> None:
    for slug in ("acme", "best"):
        add_source(database, master_key, slug, settings={"mode": "observe"})

    assert sources_line(cli) == "ok    sources           the settings of 2 sources can be read"


def test_each_source_with_unreadable_settings_is_named(cli: CommandLine, database: str, master_key: str) -> None:
    add_source(database, master_key, "acme", settings={"mode": "s3cret-word"})
    add_source(database, master_key, "best")
    add_source(database, master_key, "corp", settings={"signature": "of-a-newer-release"})
    add_source(database, master_key, "done", settings={"mode": "s3cret-word"})
    remove(database, "sources", "done")

    line = sources_line(cli)

    assert line.startswith(
        "FAIL  sources           cannot read the settings of acme ($.mode), corp (the signature profile): "
    )
    assert line.endswith("postledger apply FILE.toml")


def test_doctor_sends_the_password_of_the_monitoring(cli: CommandLine) -> None:
    with Alertmanager({}) as alertmanager:
        cli.environment["ALERTMANAGER_URL"] = alertmanager.url

        without = next(line for line in cli("doctor").out.splitlines() if "alertmanager" in line)
        cli.environment.update(CREDENTIAL_VARIABLES)
        given = next(line for line in cli("doctor").out.splitlines() if "alertmanager" in line)

    assert without.endswith("401: set PROMETHEUS_USER and PROMETHEUS_PASSWORD, or run: make up")
    assert given.startswith("ok    alertmanager")

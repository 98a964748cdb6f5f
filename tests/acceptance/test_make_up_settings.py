"""`make up` with settings that cannot be used: one line that names them, and all that runs stays as it is."""

import socket
import subprocess
from pathlib import Path

import pytest

from tests.edge.authority import Authority
from tests.parts.checkout import PARTS, PORTS, Checkout


@pytest.mark.parametrize("name", PORTS)
def test_a_taken_port_is_named_in_one_line_with_its_variable(checkout: Checkout, name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = str(other.getsockname()[1])

        up = checkout.run("up", **{name: taken})

    assert up.returncode == 1
    assert up.stdout.count("\n") == 1
    assert f"port {taken} " in up.stdout
    assert name in up.stdout


@pytest.mark.parametrize(
    ("name", "value", "form"),
    [
        ("POSTLEDGER_QUEUE_LIMIT", "x", "must be a whole number of at least 1"),
        ("POSTLEDGER_WORKERS", "many", "must be a whole number of at least 1"),
        ("POSTLEDGER_FLUSH_ROWS", "0", "must be a whole number of at least 1"),
        ("POSTLEDGER_RETENTION_DAYS", "-1", "must be a whole number of at least 1"),
        ("POSTLEDGER_MASTER_KEY", "canary", "not a Fernet key (44 characters)"),
        ("POSTLEDGER_MASTER_KEY_FILE", "/nonexistent", "cannot be read (No such file or directory)"),
        ("POSTLEDGER_REQUEST_LOG", "/nonexistent/log", "must be off, or a file in a folder that exists"),
        ("POSTLEDGER_EDGE_LOG_LEVEL", "debug", "must be info, notice, warn, error or crit"),
        ("POSTLEDGER_REQUEST_LOG", "/tmp", "must be off, or a file in a folder that exists"),
        ("DATABASE_URL", "canary", "must be an address such as postgresql://"),
        ("DATABASE_URL", "mysql://someone:canary@db/ledger", "must be an address such as postgresql://"),
        ("POSTLEDGER_READER_URL", "canary", "must be an address such as postgresql://"),
        ("POSTLEDGER_MONITOR_URL", "host=canary", "must be an address such as postgresql://"),
        ("POSTLEDGER_BROKER_URL", "amqp://u:canary/@h/v", "is malformed; use amqp://"),
        ("POSTLEDGER_LISTEN_ADDRESS", "192.0.2.1", "which is no address of this machine"),
        ("POSTLEDGER_LISTEN_ADDRESS", "nonsense", "which is no address of this machine"),
        ("POSTLEDGER_EDGE_USER", "nobody-of-ours", "which is no user of this machine"),
        ("POSTLEDGER_EDGE_ACCESS_LOG", "/nonexistent/log", "must be a file in a folder that exists"),
        ("POSTLEDGER_EDGE_PLATFORM", "openresty", "which is not installed"),
        ("POSTLEDGER_CA_FILE", "/nonexistent", "cannot be read"),
        ("POSTLEDGER_WORKER", "canary", "is not a setting; did you mean POSTLEDGER_WORKERS?"),
        ("POSTLEDGER_DEMO", "perhaps", "it must be on or off"),
        ("POSTLEDGER_RUNBOOKS_URL", "runbooks.example", "must be an address, https://"),
        ("POSTLEDGER_BROKER", "canary", "must be rabbitmq, or empty"),
        ("POSTLEDGER_MAP_FROM", "broker", "and there is none; set POSTLEDGER_BROKER_URL too"),
        ("POSTLEDGER_BROKER_URL", "canary", "must begin with one of amqp://"),
        ("POSTLEDGER_VENV", "/nonexistent", "where no bin/python can be run"),
    ],
)
def test_a_bad_setting_is_named_in_one_line_and_changes_nothing(
    checkout: Checkout, name: str, value: str, form: str
) -> None:
    pids = [checkout.pid(part) for part in PARTS]
    settings = (checkout.var / "runtime.env").read_text()

    up = checkout.run("up", **{name: value})

    assert (up.returncode, up.stdout.count("\n")) == (1, 1), up.stdout
    assert name in up.stdout
    assert form in up.stdout
    assert "canary" not in up.stdout
    assert (checkout.var / "runtime.env").read_text() == settings
    assert [checkout.pid(part) for part in PARTS] == pids


@pytest.mark.parametrize(
    ("certificate", "key", "said"),
    [
        ("/nonexistent", "key", "POSTLEDGER_TLS_CERTIFICATE is '/nonexistent', which cannot be read"),
        ("key", "key", "which holds no certificate"),
        ("certificate", "/nonexistent", "POSTLEDGER_TLS_KEY is '/nonexistent', which cannot be read"),
        ("certificate", "another key", "which is not the key of POSTLEDGER_TLS_CERTIFICATE"),
        ("certificate", "", "POSTLEDGER_TLS_KEY is not set"),
        ("", "key", "POSTLEDGER_TLS_CERTIFICATE is not set"),
    ],
)
def test_a_certificate_that_nginx_could_not_use_is_named_in_one_line(
    checkout: Checkout, tmp_path: Path, certificate: str, key: str, said: str
) -> None:
    authority = Authority("CN=authority")
    files = dict(zip(("certificate", "key"), authority.issue_for("localhost").files(tmp_path), strict=True))
    files["another key"] = authority.issue_for("localhost").files(tmp_path)[1]

    up = checkout.run(
        "up",
        POSTLEDGER_TLS_CERTIFICATE=str(files.get(certificate, certificate)),
        POSTLEDGER_TLS_KEY=str(files.get(key, key)),
    )

    assert (up.returncode, up.stdout.count("\n")) == (1, 1), up.stdout
    assert said in up.stdout


def test_a_key_that_is_too_short_is_found_before_the_edge_stops(checkout: Checkout, tmp_path: Path) -> None:
    certificate, key, pid = tmp_path / "short.crt", tmp_path / "short.key", checkout.pid("edge")
    names = ("-subj", "/CN=localhost", "-addext", "subjectAltName = DNS:localhost, IP:127.0.0.1")
    command = ["openssl", "req", "-x509", "-newkey", "rsa:1024", "-nodes", "-days", "2", *names]
    subprocess.run([*command, "-keyout", key, "-out", certificate], check=True, capture_output=True)

    up = checkout.run("up", POSTLEDGER_TLS_CERTIFICATE=str(certificate), POSTLEDGER_TLS_KEY=str(key))

    assert (up.returncode, up.stdout.count("\n")) == (1, 1), up.stdout
    assert "nginx cannot use these settings: " in up.stdout
    assert "key too small" in up.stdout
    assert (checkout.pid("edge"), checkout.answers("edge")) == (pid, True)

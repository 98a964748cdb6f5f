"""`make up` checks its settings, the ledger and the master key before it stops, changes or creates anything.

What it finds is one line that names it, and all that runs stays as it is.
"""

import shutil
import socket
import subprocess
from pathlib import Path

import psycopg
import pytest

from tests.edge.authority import Authority
from tests.parts.checkout import PARTS, PORTS, Checkout
from tests.parts.databases import fetch


def assert_refused(checkout: Checkout, up: subprocess.CompletedProcess[str], said: str, pids: list[int]) -> None:
    assert (up.returncode, up.stdout.count("\n")) == (1, 1), up.stdout
    assert said in up.stdout
    assert [checkout.pid(part) for part in PARTS] == pids
    assert all(checkout.answers(part) for part in PARTS)


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
        ("POSTLEDGER_EDGE_USER", "unknown-user", "which is no user of this machine"),
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


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://postledger:canary@127.0.0.1:1/x", "nothing listens at DATABASE_URL"),
        ("postgresql://postledger:canary@nowhere.invalid/x", "the host in DATABASE_URL cannot be found"),
        ("postgresql://postledger:canary@127.0.0.1:{port}/postledger", "Postgres rejects the user or the password"),
    ],
)
def test_an_unreachable_database_stops_nothing(checkout: Checkout, url: str, said: str) -> None:
    pids = [checkout.pid(part) for part in PARTS]
    port = (checkout.var / "postgres.port").read_text().strip()

    up = checkout.run("up", DATABASE_URL=url.format(port=port))

    assert_refused(checkout, up, said, pids)
    assert "canary" not in up.stdout


def test_a_lost_master_key_is_not_replaced_by_a_new_one(checkout: Checkout) -> None:
    pids, key = [checkout.pid(part) for part in PARTS], checkout.var / "master.key"
    aside = key.rename(checkout.var / "aside")

    up = checkout.run("up")
    is_made = key.exists()
    checkout.run("down")
    down = checkout.run("up")

    assert (up.returncode, up.stdout.count("\n"), is_made) == (1, 1, False), up.stdout
    assert "the master key of this machine does not decrypt" in up.stdout
    assert (down.returncode, down.stdout.count("\n"), key.exists()) == (1, 1, False), down.stdout
    assert f"put it back into {key}" in down.stdout
    assert 0 not in pids
    aside.rename(key)


@pytest.fixture
def stopped(used: Checkout) -> Checkout:
    """A checkout that was up once and is down."""
    if not (used.var / "postgres").exists():
        used.up()
    used.run("down")
    return used


def test_another_key_is_refused_before_anything_works_with_it(stopped: Checkout) -> None:
    key = stopped.var / "master.key"
    aside = shutil.copy2(key, stopped.var / "aside")
    key.write_text("A" * 43 + "=")

    up = stopped.run("up")

    assert up.returncode == 1
    assert up.stdout.splitlines()[-1].startswith("up: the master key of this machine does not decrypt")
    key.write_text(Path(aside).read_text())
    assert "duplicate" in stopped.up()


def test_a_second_machine_needs_the_key_of_the_first(root: Path, checkout: Checkout) -> None:
    ledger = checkout.runtime()["DATABASE_URL"]
    second = Checkout(root, root / "second var", DATABASE_URL=ledger)
    stored = fetch(ledger, "SELECT id, ciphertext FROM source_secrets ORDER BY id")

    try:
        refused = second.run("up")

        assert (refused.returncode, refused.stdout.count("\n")) == (1, 1), refused.stdout
        assert f"scp HOST:…/var/master.key {second.var}/master.key" in refused.stdout
        assert "(demo, " in refused.stdout
        assert not (second.var / "master.key").exists()
        assert fetch(ledger, "SELECT id, ciphertext FROM source_secrets ORDER BY id") == stored
        shutil.copy2(checkout.var / "master.key", second.var / "master.key")
        assert "duplicate" in second.up()
        assert checkout.answers("edge")
    finally:
        second.destroy()


def test_a_ledger_can_move_to_another_database_of_the_cluster(checkout: Checkout) -> None:
    """The private cluster goes on: the database is one of its own."""
    own = checkout.runtime()["DATABASE_URL"]
    pid, moved = checkout.pid("postgres"), own.rpartition("/")[0] + "/moved"
    with psycopg.connect(own, autocommit=True) as connection:
        connection.execute("CREATE DATABASE moved")

    up = checkout.run("up", DATABASE_URL=moved)

    assert up.returncode == 0, up.stdout
    assert ": accepted" in up.stdout
    assert checkout.pid("postgres") == pid
    assert "/moved?" in checkout.runtime()["POSTLEDGER_READER_URL"]
    back = checkout.run("up", DATABASE_URL="")
    assert back.returncode == 0, back.stdout
    assert "duplicate" in back.stdout

"""`make up` and `down` as a newcomer meets them, in a copy of the project with ports of its own.

The libraries are borrowed from the environment that runs the tests; all else is made by the scripts. The parts are
killed, and looked for afterwards, by what the kernel says of processes, not by what the scripts say of themselves.
Tests that leave nothing running come last: the next one would have to start everything.
"""

import json
import os
import signal
import ssl
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from stat import S_IMODE

import httpx
import psycopg
import pytest

from tests.edge.authority import Authority
from tests.parts.checkout import PARTS, RUN_WITHIN_S, Checkout, kill_part, kill_supervisor, pids
from tests.parts.databases import fetch
from tests.parts.edge import SELF_SIGNED
from tests.parts.part import ANSWER_WITHIN_S
from tests.parts.promtool import BOOKS, blocks_of
from tests.parts.waiting import wait_until


def _kill(pid: int) -> None:
    """End a process at once, and see to it that nobody finds it alive any more."""
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: _command_of(Path(f"/proc/{pid}")) == "", what="the end of a killed process")


def _command_of(process: Path) -> str:
    """How a process was called; nothing of one that has ended."""
    try:
        return (process / "cmdline").read_text(errors="replace")
    except OSError:
        return ""


@dataclass(frozen=True, slots=True)
class SecondUp:
    """What a second `make up` printed, and the processes before and after it."""

    printed: str
    pids_before: list[int]
    pids_after: list[int]


@pytest.fixture(scope="module")
def second_up(used: Checkout) -> SecondUp:
    """A second `make up`, after an operator has changed what the first one configured."""
    used.ensure_up()
    before = [used.pid(part) for part in PARTS]
    with psycopg.connect(used.runtime()["DATABASE_URL"]) as connection:
        connection.execute("UPDATE sources SET name = 'Ours' WHERE slug = 'demo'")
        connection.execute("UPDATE campaigns SET destination = 'https://ours.example/'")
        connection.execute("UPDATE affiliates SET removed_at = now()")
    return SecondUp(used.up(), before, [used.pid(part) for part in PARTS])


def test_a_second_up_restarts_nothing_and_books_nothing_twice(checkout: Checkout, second_up: SecondUp) -> None:
    assert "duplicate" in second_up.printed
    assert fetch(checkout.runtime()["DATABASE_URL"], "SELECT count(*) FROM conversions") == [(1,)]
    assert second_up.pids_after == second_up.pids_before


@pytest.mark.usefixtures("second_up")
def test_up_leaves_what_an_operator_configured(checkout: Checkout) -> None:
    url = checkout.runtime()["DATABASE_URL"]

    assert fetch(url, "SELECT name FROM sources WHERE slug = 'demo'") == [("Ours",)]
    assert fetch(url, "SELECT destination FROM campaigns") == [("https://ours.example/",)]
    assert fetch(url, "SELECT count(*) FROM affiliates WHERE removed_at IS NULL") == [(0,)]


def test_the_self_test_is_in_no_metric(checkout: Checkout) -> None:
    ops = checkout.runtime()["POSTLEDGER_OPS_URL"]

    for path in ("/metrics", "/metrics/backend"):
        with urllib.request.urlopen(ops + path, timeout=ANSWER_WITHIN_S) as answer:
            text = answer.read().decode()

        assert 'source="demo"' in text
        assert "postledger-selftest" not in text


def test_up_from_a_shell_that_has_sourced_runtime_env_changes_nothing(checkout: Checkout) -> None:
    pids = [checkout.pid(part) for part in PARTS]
    settings = (checkout.var / "runtime.env").read_text()

    up = checkout.run("up", **checkout.runtime())

    assert up.returncode == 0, up.stdout
    assert (checkout.var / "runtime.env").read_text() == settings
    assert [checkout.pid(part) for part in PARTS] == pids


def test_runtime_env_names_everything_that_the_contract_promises(checkout: Checkout) -> None:
    runtime = checkout.runtime()

    for name in ("EDGE_URL", "EDGE_HTTP_URL", "OPS_URL", "CA_FILE"):
        assert f"POSTLEDGER_{name}" in runtime
    assert runtime["POSTLEDGER_EDGE_URL"].startswith("https://127.0.0.1:")
    assert runtime["POSTLEDGER_CONSOLE_URL"] == f"https://127.0.0.1:{runtime['POSTLEDGER_CONSOLE_PORT']}"
    assert {"DATABASE_URL", "PROMETHEUS_URL", "ALERTMANAGER_URL"} <= runtime.keys()
    assert {"PROMETHEUS_USER", "PROMETHEUS_PASSWORD"} <= runtime.keys()


@pytest.mark.parametrize("name", ["PROMETHEUS_URL", "ALERTMANAGER_URL"])
def test_monitoring_wants_a_password_and_lets_no_page_read(checkout: Checkout, name: str) -> None:
    url = checkout.runtime()[name] + "/metrics"
    page = {"Origin": "https://page.example"}

    assert httpx.get(url, headers=page, trust_env=False).status_code in {401, 403}
    answer = checkout.ask_monitoring(url, **page)
    assert not {header for header in answer.headers if header.startswith("access-control-allow-origin")}
    password = checkout.runtime()["PROMETHEUS_PASSWORD"]
    assert [process for process in pids() if password in _command_of(process)] == []


@pytest.mark.parametrize(
    "name",
    [
        *("runtime.env", "master.key", "demo.secret", "tls/edge.key", "supervisor.conf"),
        *("postgres.password", "reader.password", "monitor.password"),
        *("prometheus/credentials/password", "prometheus/credentials/web.yml"),
    ],
)
def test_what_is_secret_is_only_for_its_owner(checkout: Checkout, name: str) -> None:
    assert S_IMODE((checkout.var / name).stat().st_mode) == 0o600


def test_no_secret_stands_in_a_process_list(checkout: Checkout) -> None:
    passwords = [f"{role}.password" for role in ("postgres", "reader", "monitor")]
    secrets = [(checkout.var / name).read_text().strip() for name in ("master.key", "demo.secret", *passwords)]

    commands = [_command_of(process) for process in pids()]
    assert any(str(checkout.root) in command for command in commands)
    assert not any(secret in command for command in commands for secret in secrets)


@pytest.mark.parametrize("part", PARTS)
def test_a_part_that_is_killed_comes_back(checkout: Checkout, part: str) -> None:
    kill_part(checkout, part)


def test_up_recovers_when_the_supervisor_itself_was_killed(checkout: Checkout) -> None:
    _kill(checkout.pid("supervisord"))

    printed = checkout.up()

    assert "duplicate" in printed
    assert all(checkout.answers(part) for part in PARTS)


def test_a_killed_supervisor_is_replaced_and_restarts_parts(checkout: Checkout) -> None:
    kill_supervisor(checkout)

    kill_part(checkout, "backend")


def test_a_killed_watcher_is_replaced(checkout: Checkout) -> None:
    killed = checkout.pid("watcher")
    os.kill(killed, signal.SIGKILL)

    wait_until(lambda: checkout.pid("watcher") not in (0, killed))


def test_a_killed_backend_leaves_no_metrics_of_its_workers(checkout: Checkout) -> None:
    metrics = Path(checkout.runtime()["PROMETHEUS_MULTIPROC_DIR"])
    assert metrics.parent == Path("/dev/shm"), "a full disk cannot reach it"
    assert S_IMODE(metrics.stat().st_mode) == 0o750
    dead = {file.name for file in metrics.glob("histogram_*.db")}
    assert dead

    kill_part(checkout, "backend")

    wait_until(lambda: checkout.answers("edge"), what="the next backend")
    assert dead.isdisjoint(file.name for file in metrics.iterdir())


def test_a_metrics_directory_that_cannot_be_used_stops_up(checkout: Checkout) -> None:
    for directory in ("metrics", "/nowhere/metrics", "/proc/version"):
        up = checkout.run("up", POSTLEDGER_METRICS_DIR=directory)

        assert (up.returncode, up.stdout.count("\n")) == (1, 1), up.stdout
        assert f"POSTLEDGER_METRICS_DIR is '{directory}'" in up.stdout


def examine(checkout: Checkout) -> subprocess.CompletedProcess[str]:
    """What the doctor says of it."""
    return subprocess.run(
        [sys.executable, "-m", "postledger", "doctor", "--json"],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(checkout.root / "backend"), **checkout.runtime()},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_doctor_finds_everything_well(checkout: Checkout) -> None:
    doctor = examine(checkout)

    assert doctor.returncode == 0, doctor.stdout
    assert {"edge certificate", "edge policy"} <= {finding["check"] for finding in json.loads(doctor.stdout)}


def test_reload_asks_the_program_that_runs_before_it_has_the_new_files_read(checkout: Checkout, tmp_path: Path) -> None:
    other = tmp_path / "openresty"  # of some other installation on the machine
    other.write_text("#!/bin/sh\nexit 1\n")
    other.chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    certificate = checkout.var / "tls" / "edge.crt"
    good, workers = certificate.read_text(), _workers(checkout)

    certificate.write_text("none")
    refused = checkout.run("reload", PATH=path)
    certificate.write_text(good)

    assert (refused.returncode, "the edge was left as it is" in refused.stdout) == (1, True)
    assert _workers(checkout) == workers
    done = checkout.run("reload", PATH=path)
    assert done.returncode == 0, done.stdout
    wait_until(lambda: bool(_workers(checkout)) and not _workers(checkout) & workers)


def test_who_connects_after_a_reload_is_shown_the_renewed_certificate(checkout: Checkout) -> None:
    folder = checkout.var / "tls"
    subprocess.run(
        [*SELF_SIGNED, "-keyout", folder / "edge.key", "-out", folder / "edge.crt"], check=True, capture_output=True
    )

    done = checkout.run("reload")
    address = ("127.0.0.1", int(checkout.runtime()["POSTLEDGER_EDGE_PORT"]))
    shown = {ssl.get_server_certificate(address, timeout=ANSWER_WITHIN_S) for _ in range(20)}

    assert done.returncode == 0, done.stdout
    assert shown == {(folder / "edge.crt").read_text()}


def _workers(checkout: Checkout) -> set[str]:
    """The edge's workers, also those on their way out."""
    command = ["pgrep", "-x", "nginx|openresty", "-P", str(checkout.pid("edge"))]
    return set(subprocess.run(command, capture_output=True, text=True, check=False).stdout.split())


def test_up_and_doctor_find_an_edge_that_only_a_load_balancer_and_its_partners_are_meant_to_find(
    checkout: Checkout, tmp_path: Path
) -> None:
    """A certificate of some authority for a name that no DNS knows, no other name, and PROXY headers."""
    authority = Authority("CN=authority")
    certificate, key = authority.issue_for("*.partner.example", "track.example").files(tmp_path)
    certificate.write_text(certificate.read_text() + authority.pem)
    environment = {
        "POSTLEDGER_TLS_CERTIFICATE": str(certificate),
        "POSTLEDGER_TLS_KEY": str(key),
        "POSTLEDGER_SERVER_NAMES": "*.partner.example,track.example",
        "POSTLEDGER_PROXY_PROTOCOL": "on",
        "POSTLEDGER_TRUSTED_PROXIES": "192.0.2.0/24",
    }

    up = checkout.run("up", **environment)

    assert up.returncode == 0, up.stdout
    assert checkout.runtime()["POSTLEDGER_EDGE_URL"].startswith("https://track.example:")
    assert examine(checkout).returncode == 0
    refused = checkout.run("up", **environment | {"POSTLEDGER_SERVER_NAMES": "other.example"})
    assert (refused.returncode, refused.stdout.count("\n")) == (1, 1), refused.stdout
    assert "is for none of these names: other.example" in refused.stdout
    given_up = checkout.run("up", POSTLEDGER_TLS_CERTIFICATE="", POSTLEDGER_TLS_KEY="")
    assert given_up.returncode == 0, given_up.stdout


@pytest.mark.parametrize(
    "seen",
    [
        *('up{job="backend"} == 1', 'up{job="edge"} == 1', 'up{job="prometheus"} == 1', 'up{job="alertmanager"} == 1'),
        *('up{job="worker"} == 1', "postledger_outbox_waiting == 0", "postledger:worker_silence_seconds:min < 60"),
        *('up{job="sandbox"} == 1', 'postledger_sandbox_requests_total{source="demo", verdict="accepted"} == 0'),
        *('up{job="console"} == 1', 'postledger_decision_page_requests_total{result="decided"} == 0'),
        *("nginx_up == 1", "nginx_connections_accepted > 0"),
        *("pg_up == 1", "pg_wal_bytes_total > 0", 'postledger_table_data_bytes{table="postbacks"} > 0'),
        *("pg_settings_max_connections == 100", "pg_locks_waiting == 0"),
        'postledger_alert_silenced{alert="LedgerUnavailable"} == 0',
    ],
)
def test_prometheus_sees_each_part(checkout: Checkout, seen: str) -> None:
    address = checkout.runtime()["PROMETHEUS_URL"] + "/api/v1/query?" + urllib.parse.urlencode({"query": seen})

    def is_seen() -> bool:
        try:
            return bool(checkout.ask_monitoring(address).json()["data"]["result"])
        except (httpx.TransportError, ValueError, KeyError):  # it starts still
            return False

    wait_until(is_seen)


@pytest.mark.parametrize("book", BOOKS, ids=lambda path: path.stem)
def test_what_a_runbook_says_can_be_pasted_into_a_shell(checkout: Checkout, book: Path) -> None:
    """Every command of every diagnosis; grep may find nothing, and nothing else may fail."""
    tell = """trap '[[ $BASH_COMMAND == grep* && $? == 1 ]] || echo "FAILED $BASH_COMMAND"' ERR"""
    # The checkout borrows the libraries of whoever runs the tests, so its own folder of them is theirs.
    blocks = [block.replace("$PWD/.venv/bin", f"{sys.prefix}/bin") for block in blocks_of(book)]

    pasted = subprocess.run(
        ["bash", "-c", "\n".join([tell, *blocks])],
        cwd=checkout.root,
        env={
            "PATH": os.environ["PATH"],
            "HOME": os.environ.get("HOME", "/"),
            "PYTHONPATH": str(checkout.root / "backend"),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=RUN_WITHIN_S,
    )

    assert "FAILED" not in pasted.stdout, pasted.stdout + pasted.stderr
    assert "not found" not in pasted.stderr


def test_the_role_of_the_dashboards_reads_amounts_and_no_secret(checkout: Checkout) -> None:
    reader = checkout.runtime()["POSTLEDGER_READER_URL"]

    assert fetch(reader, "SELECT payout::text FROM conversions") == [("0.50",)]
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        fetch(reader, "SELECT ciphertext FROM source_secrets")


def test_down_stops_what_a_killed_supervisor_left_behind(checkout: Checkout) -> None:
    _kill(checkout.pid("supervisord"))

    down = checkout.run("down")

    assert down.returncode == 0, down.stdout
    assert checkout.processes() == []
    assert not Path(checkout.runtime()["PROMETHEUS_MULTIPROC_DIR"]).exists(), "memory is given back"


def test_down_stops_everything_without_supervisor_and_watcher(checkout: Checkout) -> None:
    for part in ("supervisord", "watcher"):
        os.kill(checkout.pid(part), signal.SIGKILL)

    down = checkout.run("down")

    assert down.returncode == 0, down.stdout
    assert checkout.processes() == []


def test_down_ends_a_watcher_that_restarts_the_supervisor(checkout: Checkout) -> None:
    watcher, log = checkout.pid("watcher"), checkout.var / "log" / "watcher.log"
    before = log.stat().st_size
    os.kill(checkout.pid("supervisord"), signal.SIGKILL)
    wait_until(lambda: log.stat().st_size > before)

    down = checkout.run("down")

    assert down.returncode == 0, down.stdout
    assert checkout.processes() == []
    assert not os.path.exists(f"/proc/{watcher}")

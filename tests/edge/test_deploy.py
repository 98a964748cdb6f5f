"""The container files. No image is built here: what they name must exist, and what can be run without one is run."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.edge.echo_backend import EchoBackend
from tests.edge.wire import exchange, get, status
from tests.parts.edge import ROOT, Edge
from tests.parts.worker import Worker

DEPLOY = ROOT / "deploy"
CONFIG = (ROOT / "script" / "edge-config").read_text() + (ROOT / "script" / "environment").read_text()


@pytest.mark.parametrize("name", ["edge.Dockerfile", "backend.Dockerfile"])
def test_what_is_copied_into_an_image_exists(name: str) -> None:
    copied = re.findall(r"^COPY (.+) \S+$", (DEPLOY / name).read_text(), re.MULTILINE)

    sources = [source for line in copied for source in line.split()]
    assert sources != []
    assert [source for source in sources if not (ROOT / source).exists()] == []


def test_what_a_script_sources_is_copied_beside_it() -> None:
    copied = re.findall(r"\bscript/[\w-]+", (DEPLOY / "edge.Dockerfile").read_text())
    sourced = {name for file in copied for name in re.findall(r"\bsource=(script/[\w-]+)", (ROOT / file).read_text())}

    assert sourced != set()
    assert sourced - set(copied) == set()


def test_the_image_of_the_edge_sets_only_what_the_edge_reads() -> None:
    names = set(re.findall(r"\bPOSTLEDGER_[A-Z_]+", (DEPLOY / "edge.Dockerfile").read_text()))

    assert names != set()
    assert {name for name in names if name not in CONFIG} == set()


def test_what_compose_mounts_and_builds_exists() -> None:
    text = (DEPLOY / "compose.yaml").read_text()
    mounted = re.findall(r'- "(\.[^:"]*):', text)
    built = re.findall(r"dockerfile: ([^}\s]+)", text)

    ours = [path for path in mounted if "secrets" not in path]
    assert [path for path in ours if not (DEPLOY / path).exists()] == []
    assert [path for path in built if not (ROOT / Path(path)).exists()] == []
    assert len(built) == 2


def copy_as_the_image_has_it(name: str, image: Path) -> None:
    """Carries out the COPY lines."""
    for sources, place in re.findall(r"^COPY (.+) (\S+)$", (DEPLOY / name).read_text(), re.MULTILINE):
        target = image / place.lstrip("/")
        for source in map(ROOT.joinpath, sources.split()):
            if source.is_dir():
                shutil.copytree(source, target)
            else:
                target.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, target)


def test_what_is_copied_into_the_image_of_the_edge_is_all_that_it_needs(backend: EchoBackend, tmp_path: Path) -> None:
    copy_as_the_image_has_it("edge.Dockerfile", tmp_path)

    with Edge(backend_socket=backend.socket, root=tmp_path / "opt" / "postledger") as edge:
        assert status(exchange(edge, get("/tracking/postback/acme"))) == 200


def health_check(service: str) -> list[str]:
    command: list[str] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"][service]["healthcheck"][
        "test"
    ]
    assert command[0] == "CMD"
    return command[1:]


def test_the_health_check_of_the_edge_knows_whether_it_is_there(own_edge: Edge) -> None:
    command = [word.replace("9080", str(own_edge.ops_port)) for word in health_check("edge")]

    assert subprocess.run(command, check=False).returncode == 0
    own_edge.stop()
    assert subprocess.run(command, check=False, stderr=subprocess.DEVNULL).returncode != 0


def test_the_health_check_of_the_backend_knows_whether_it_is_there(own_backend: EchoBackend) -> None:
    command = [
        word.replace("/run/postledger/operators.sock", str(own_backend.operators_socket))
        for word in health_check("backend")
    ]

    assert subprocess.run(command, check=False).returncode == 0
    own_backend.stop()
    assert subprocess.run(command, check=False, stderr=subprocess.DEVNULL).returncode != 0


def test_the_health_check_of_the_worker_knows_whether_it_is_there(environment: dict[str, str]) -> None:
    with Worker(environment) as worker:
        command = [word.replace("9108", str(worker.port)) for word in health_check("worker")]

        assert subprocess.run(command, check=False).returncode == 0
        worker.kill()
        assert subprocess.run(command, check=False, stderr=subprocess.DEVNULL).returncode != 0


def test_a_command_in_the_image_of_the_backend_knows_the_ledger(tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("from-a-file\n")
    command = [str(DEPLOY / "with-ledger"), "printenv", "DATABASE_URL"]
    environment = {**os.environ, "POSTGRES_PASSWORD_FILE": str(password)}

    said = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout

    assert said == "postgresql://postledger:from-a-file@postgres/postledger\n"


@pytest.mark.parametrize(("written", "known"), [("amqp://u:p@h/\n", "amqp://u:p@h/\n"), ("", "")])
def test_a_command_in_the_image_knows_the_broker_if_there_is_one(tmp_path: Path, written: str, known: str) -> None:
    for name, text in (("password", "x"), ("broker", written)):
        (tmp_path / name).write_text(text)
    files = {"POSTGRES_PASSWORD_FILE": str(tmp_path / "password"), "BROKER_URL_FILE": str(tmp_path / "broker")}
    command = [str(DEPLOY / "with-ledger"), "printenv", "POSTLEDGER_BROKER_URL"]

    said = subprocess.run(
        command, env={"PATH": os.environ["PATH"], **files}, check=False, capture_output=True, text=True
    )

    assert said.stdout == known


def test_no_secret_is_in_the_files() -> None:
    for file in DEPLOY.iterdir():
        if file.is_file():
            assert not re.search(r"(PASSWORD|SECRET|KEY): *[^/\s$]", file.read_text()), file.name


@pytest.mark.parametrize("name", ["edge.Dockerfile", "backend.Dockerfile"])
def test_an_image_does_not_run_as_root(name: str) -> None:
    users = re.findall(r"^USER (\d+):(\d+)$", (DEPLOY / name).read_text(), re.MULTILINE)

    assert len(users) == 1
    assert "0" not in users[0]


def test_every_container_is_closed_and_limited() -> None:
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]

    for name, service in services.items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert int(service["user"].split(":")[0]) > 0, name
        assert {"mem_limit", "pids_limit"} <= service.keys(), name
        assert "privileged" not in service, name


def test_containers_of_our_images_run_as_their_users() -> None:
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]

    for name, image in (("edge", "edge"), ("backend", "backend"), ("worker", "backend")):
        assert f"\nUSER {services[name]['user']}\n" in (DEPLOY / f"{image}.Dockerfile").read_text()

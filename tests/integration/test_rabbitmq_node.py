"""The private RabbitMQ node, which `make up` and the tests share: who it runs as, where it listens, what survives."""

import os
import re
import subprocess
from pathlib import Path

import amqp
import pytest
from kombu.connection import Connection

from tests.parts.rabbitmq import SCRIPT, RabbitMQ


def listeners_of(folder: str) -> set[str]:
    """The addresses on which the processes whose working directory is this one listen."""
    pids = {path.parent.name for path in Path("/proc").glob("[0-9]*/cwd") if _leads_to(path, folder)}
    assert pids, f"no process runs in {folder}"
    listed = subprocess.run(["ss", "-Hltnp"], check=True, capture_output=True, text=True).stdout.splitlines()
    return {line.split()[3].rpartition(":")[0] for line in listed if set(re.findall(r"pid=(\d+)", line)) & pids}


def _leads_to(link: Path, folder: str) -> bool:
    try:
        return str(link.readlink()).startswith(folder)
    except OSError:
        return False


def test_every_port_is_bound_to_the_loopback_only(rabbitmq: RabbitMQ) -> None:
    addresses = listeners_of(str(rabbitmq.home))

    assert {"127.0.0.1"} <= addresses <= {"127.0.0.1", "[::1]"}


def test_the_node_runs_as_an_unprivileged_user(rabbitmq: RabbitMQ) -> None:
    status = Path(f"/proc/{rabbitmq.pid}/status").read_text()

    assert re.search(r"^Uid:\s+(\d+)", status, re.MULTILINE)[1] != "0"  # type: ignore[index]


def test_no_other_user_can_read_its_password(rabbitmq: RabbitMQ) -> None:
    command = ["find", str(rabbitmq.home), "-mindepth", "2", "-perm", "/077"]

    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout == ""


def test_a_wrong_password_and_the_guest_are_refused(rabbitmq: RabbitMQ) -> None:
    for user in ("postledger", "guest"):
        with (
            pytest.raises(amqp.AccessRefused),
            Connection(f"amqp://{user}:guest@127.0.0.1:{rabbitmq.port}//") as opened,
        ):
            opened.connect()


def test_a_persistent_message_outlives_a_kill(rabbitmq: RabbitMQ) -> None:
    with Connection(rabbitmq.url, transport_options={"confirm_publish": True}) as connection:
        connection.SimpleQueue("survivors").put("hello")

    rabbitmq.kill()
    rabbitmq.start()

    with Connection(rabbitmq.url) as connection:
        message = connection.SimpleQueue("survivors").get(timeout=10)
        message.ack()
    assert message.payload == "hello"


def test_a_short_password_is_refused(tmp_path: Path) -> None:
    environment = {**os.environ, "RABBITMQ_PASSWORD": "short"}

    made = subprocess.run(
        [SCRIPT, "create", tmp_path / "node", "1", "2", "3"],
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )

    assert (made.returncode, made.stderr.count("\n")) == (1, 1)
    assert "RABBITMQ_PASSWORD must hold 16 or more" in made.stderr

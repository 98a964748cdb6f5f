"""What `doctor` reports while Postgres answers and commits fail."""

import psycopg
import pytest

from postledger.doctor.ops_metrics import judge_failing
from tests.parts.backend import Backend
from tests.parts.cli import CommandLine
from tests.parts.edge import Edge
from tests.parts.sender import Sender, send
from tests.parts.sources import add_source
from tests.parts.waiting import wait_until


def line_of(cli: CommandLine, check: str) -> str:
    return next(line for line in cli("doctor").out.splitlines() if line[6:].startswith(f"{check} "))


def test_a_locked_table_is_reported(
    cli: CommandLine, database: str, environment: dict[str, str], master_key: str
) -> None:
    add_source(database, master_key, "acme", settings={"click": "optional"})
    with Backend(environment, workers=1, shipped_limits=True) as backend, Edge(backend_socket=backend.socket) as edge:
        cli.environment["POSTLEDGER_OPS_URL"] = edge.ops_url
        cli.environment["POSTLEDGER_EDGE_URL"] = edge.https_url
        cli.environment["POSTLEDGER_CA_FILE"] = str(edge.ca_file)
        assert line_of(cli, "writers") == "ok    writers           can commit"

        with psycopg.connect(database) as other, backend.client() as client:
            other.execute("LOCK TABLE conversions")
            assert send(client, Sender("acme").get({"click_id": "any"})).code == 503
            writers, listener = line_of(cli, "writers"), line_of(cli, "edge")

        assert writers.startswith(
            "FAIL  writers           the last commit of 1 worker failed: postbacks are answered 503"
        )
        assert listener.startswith(f"FAIL  edge              {edge.https_url}/healthz answers 503, writer fails: look")
        wait_until(lambda: line_of(cli, "writers").startswith("ok"), what="the end of it")


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://[", "nonsense"])
def test_an_ops_listener_that_does_not_answer_reports_no_writers(cli: CommandLine, url: str) -> None:
    cli.environment["POSTLEDGER_OPS_URL"] = url

    assert line_of(cli, "writers").startswith(f"FAIL  writers           {url}/metrics/backend does not answer")


def test_without_an_ops_listener_the_variable_is_named_for_the_writers(cli: CommandLine) -> None:
    assert line_of(cli, "writers").startswith("FAIL  writers           POSTLEDGER_OPS_URL is not set")


@pytest.mark.parametrize(("workers", "passed"), [(0, True), (1, False), (2, False)])
def test_one_worker_that_cannot_commit_is_enough(workers: int, passed: bool) -> None:
    assert judge_failing(workers).passed is passed

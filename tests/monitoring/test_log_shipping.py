"""The example that ships the request logs: rsyslog itself accepts it, and every line is in what Elasticsearch gets."""

import json
import os
import subprocess
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.parts.edge import ROOT
from tests.parts.part import END_WITHIN_S
from tests.parts.waiting import wait_until

CONFIGURATION = ROOT / "monitoring/logs/rsyslog.conf"
EDGE, BACKEND = '{"receipt":"1","route":"postback","status":200}', '{"receipt":"1","event":"answered"}'


class Elasticsearch(ThreadingHTTPServer):
    """Somebody else's server: takes bulk requests and keeps what was in them, as (index, document)."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Bulk)
        self.documents: list[tuple[str, str]] = []


class _Bulk(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        """Take a bulk request: lines in pairs, what to do and the document."""
        assert isinstance(self.server, Elasticsearch)
        lines = self.rfile.read(int(self.headers["Content-Length"])).decode().splitlines()
        pairs = list(zip(lines[::2], lines[1::2], strict=True))
        self.server.documents += [(json.loads(action)["index"]["_index"], document) for action, document in pairs]
        self._answer({"took": 1, "errors": False, "items": [{"index": {"status": 201}} for _ in pairs]})

    def do_GET(self) -> None:
        """Say that it is there."""
        self._answer({"status": "green"})

    def do_HEAD(self) -> None:
        """The same, in short."""
        self._answer({})

    def log_message(self, *_: object) -> None:
        """Print nothing."""

    def _answer(self, facts: object) -> None:
        body = json.dumps(facts).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


@pytest.fixture
def elasticsearch() -> Iterator[Elasticsearch]:
    """It, listening."""
    with Elasticsearch() as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def environment(home: Path, port: int) -> dict[str, str]:
    """The names that the example goes by, with its folders made."""
    for folder in ("edge/logs", "log", "state"):
        (home / folder).mkdir(parents=True)
    names = {"LOGS": str(home), "STATE": str(home / "state"), "ELASTICSEARCH": "127.0.0.1"}
    return {"PATH": f"{os.environ['PATH']}:/usr/sbin", "ELASTICSEARCH_PORT": str(port), **names}


def test_rsyslog_accepts_the_example(tmp_path: Path) -> None:
    checked = subprocess.run(
        ["rsyslogd", "-N1", "-f", CONFIGURATION],
        env=environment(tmp_path, 9200),
        capture_output=True,
        text=True,
        check=False,
    )

    assert checked.returncode == 0, checked.stderr
    assert "error" not in checked.stderr.lower()


def test_every_line_of_both_logs_arrives_as_it_stands(tmp_path: Path, elasticsearch: Elasticsearch) -> None:
    named = environment(tmp_path, elasticsearch.server_port)
    (tmp_path / "edge/logs/access.log").write_text(f"{EDGE}\n")
    (tmp_path / "log/requests.log").write_text(f"{BACKEND}\n")
    rsyslog = subprocess.Popen(["rsyslogd", "-n", "-f", CONFIGURATION, "-i", tmp_path / "pid"], env=named)

    try:
        wait_until(lambda: len(elasticsearch.documents) == 2, what="both lines")
    finally:
        rsyslog.terminate()
        rsyslog.wait(timeout=END_WITHIN_S)

    shipped = sorted((index.rsplit("-", 1)[0], document) for index, document in elasticsearch.documents)
    assert shipped == [("postledger-backend", BACKEND), ("postledger-edge", EDGE)]

"""TLS as a partner's security department looks at it. The tool takes a minute, so it is not part of `make test`."""

import json
import os
import subprocess
from pathlib import Path

from tests.edge.conftest import impatient_edge
from tests.edge.echo_backend import EchoBackend

HARMLESS = {"OK", "INFO", "LOW", "WARN", "DEBUG"}
PATIENT = {"HEADER_MAXSLEEP": "60", "MAX_WAITSOCK": "60"}  # or it calls missing what comes after a few seconds
CHECKS = ("--protocols", "--std", "--fs", "--server-preference", "--header", "--renegotiation", "--beast")
HOW = ("--quiet", "--color", "0", "--warnings", "off", "--openssl", "/usr/bin/openssl", "--openssl-timeout", "60")


def test_testssl_finds_nothing_that_matters(tmp_path: Path) -> None:
    """Protocols, ciphers, forward secrecy, headers; the self-signed certificate and its chain are the test's own."""
    report = tmp_path / "report.json"
    with EchoBackend() as backend, impatient_edge(backend) as edge:
        command = ["testssl", *HOW, "--jsonfile", str(report), *CHECKS, f"127.0.0.1:{edge.https_port}"]
        subprocess.run(command, env={**os.environ, **PATIENT}, capture_output=True, check=False, timeout=600)

    findings = json.loads(report.read_text())
    assert {one["id"] for one in findings} >= {"TLS1_2", "TLS1_3", "SSLv3", "TLS1", "TLS1_1", "PFS", "HSTS_time"}
    faults = [(one["id"], one["severity"], one["finding"]) for one in findings if one["severity"] not in HARMLESS]
    assert faults == []

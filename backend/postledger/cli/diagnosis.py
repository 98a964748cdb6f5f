"""`doctor`: looks at each part and says, in a line, that it is well or what to do."""

from collections.abc import Iterator
from datetime import UTC, datetime

import psycopg

from postledger.cli.connections import open_keyring, open_ledger
from postledger.cli.errors import CommandFailed, describe_database_error
from postledger.cli.output import AsJson, print_json
from postledger.doctor.certificate import examine_certificate
from postledger.doctor.check_result import Finding
from postledger.doctor.edge_client import find_way
from postledger.doctor.edge_policy import examine_policy_age
from postledger.doctor.listeners import examine_listeners
from postledger.doctor.postgres import examine
from postledger.platform.keyring import Keyring
from postledger.platform.settings import RUNTIME_FILE, BadSetting, read_environment, read_settings

_STATEMENT_TIMEOUT_MS = 5000


def doctor(as_json: AsJson = False) -> None:
    """Check each part, from the settings to Alertmanager, and say what to do where one fails."""
    findings = []
    for finding in _examine_all():
        findings.append(finding)
        if not as_json:
            _print(finding)
    if as_json:
        print_json([_as_fact(finding) for finding in findings])
    if failed := sum(not finding.is_well for finding in findings):
        raise CommandFailed(f"{failed} of {len(findings)} checks failed")


def _examine_all() -> Iterator[Finding]:
    yield _check_settings()
    yield from _examine_ledger()
    yield from examine_listeners(read_environment())
    yield examine_policy_age(read_environment())
    yield _check_certificate()


def _check_settings() -> Finding:
    try:
        read_settings(read_environment())
    except BadSetting as error:
        return Finding("settings", False, str(error), f"or run make up, which writes {RUNTIME_FILE}")
    return Finding("settings", True, "can be read")


def _examine_ledger() -> Iterator[Finding]:
    try:
        with open_ledger(statement_timeout_ms=_STATEMENT_TIMEOUT_MS) as connection:
            yield Finding("postgres", True, "answers")
            yield from examine(connection, _keyring(), lambda: datetime.now(UTC))
    except BadSetting as error:
        yield Finding("postgres", False, str(error), "nothing else of the ledger can be checked before")
    except psycopg.Error as error:
        yield Finding(
            "postgres", False, describe_database_error(error), "nothing else of the ledger can be checked before"
        )


def _check_certificate() -> Finding:
    environment = read_environment()
    if base := environment.get("POSTLEDGER_EDGE_URL"):
        return examine_certificate(base, find_way(environment, base), datetime.now(UTC))
    return Finding("edge certificate", False, "POSTLEDGER_EDGE_URL is not set", "set it, or run: make up")


def _keyring() -> Keyring | None:
    try:
        return open_keyring()
    except BadSetting:  # told already, as a setting
        return None


def _print(finding: Finding) -> None:
    told = finding.seen if finding.is_well else f"{finding.seen}: {finding.advice}"
    print(f"{'ok  ' if finding.is_well else 'FAIL'}  {finding.name:<18}{told}", flush=True)


def _as_fact(finding: Finding) -> dict[str, object]:
    advice = None if finding.is_well else finding.advice
    return {"check": finding.name, "ok": finding.is_well, "seen": finding.seen, "advice": advice}

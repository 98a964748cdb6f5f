"""Runs every check of `doctor`, from the settings to Alertmanager."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any

from psycopg import Connection

from postledger.doctor.broker import check_broker
from postledger.doctor.certificate import check_certificate
from postledger.doctor.check_result import CheckResult
from postledger.doctor.listeners import check_listeners
from postledger.doctor.ops_metrics import check_policy_age, check_writers
from postledger.doctor.postgres import check_postgres
from postledger.doctor.scheduling import check_scheduling
from postledger.doctor.users import check_users
from postledger.platform.keyring import Keyring
from postledger.platform.known_settings import describe_unknown
from postledger.platform.postgres.errors import DatabaseFailed
from postledger.platform.settings import RUNTIME_FILE, BadSetting, read_master_keys, read_settings

_FIRST = "correct this first, because the other checks of the ledger need it"

OpenLedger = Callable[[], AbstractContextManager[Connection[Any]]]


def run_checks(environment: Mapping[str, str], open_ledger: OpenLedger, os_user: str) -> Iterator[CheckResult]:
    """Run every check. `open_ledger` raises `BadSetting` or `DatabaseFailed`. `os_user`: of the operating system."""
    yield _check_settings(environment)
    yield from _check_ledger(environment, open_ledger, os_user)
    yield from check_broker(environment)
    yield from check_listeners(environment)
    yield check_policy_age(environment)
    yield check_writers(environment)
    yield check_certificate(environment, datetime.now(UTC))
    yield from check_users(environment)
    yield from check_scheduling(environment)


def _check_settings(environment: Mapping[str, str]) -> CheckResult:
    try:
        read_settings(environment)
    except BadSetting as error:
        return CheckResult("settings", False, str(error), f"or run make up, which writes {RUNTIME_FILE}")
    if unknown := describe_unknown(environment):
        return CheckResult("settings", False, unknown, "it has no effect; correct its name, or remove it")
    return CheckResult("settings", True, "are valid")


def _check_ledger(environment: Mapping[str, str], open_ledger: OpenLedger, os_user: str) -> Iterator[CheckResult]:
    try:
        with open_ledger() as connection:
            yield CheckResult("postgres", True, "answers")
            yield from check_postgres(connection, _open_keyring(environment), lambda: datetime.now(UTC), os_user)
    except BadSetting as error:
        yield CheckResult("postgres", False, str(error), _FIRST)
    except DatabaseFailed as error:
        yield CheckResult("postgres", False, error.advice, _FIRST)


def _open_keyring(environment: Mapping[str, str]) -> Keyring | None:
    try:
        return Keyring(read_master_keys(environment))
    except BadSetting:  # the check of the settings reports it
        return None

"""`doctor` tells when changes wait for the broker, whatever the broker answers."""

from datetime import timedelta

from postledger.doctor.broker import LONGEST_WAIT, check_publishing
from postledger.doctor.check_result import CheckResult
from postledger.platform.postgres.connection import connect
from tests.parts.cli import CommandLine

WAITS = """
INSERT INTO publications (dedup_key, receipt, revision, kind, received_at)
VALUES (gen_random_uuid(), gen_random_uuid(), 1, 'opened', '2026-01-01 08:00:00+00')
"""


def check_after(database: str, waited: timedelta) -> CheckResult:
    """Check when the oldest change has waited for so long."""
    with connect(database, name="test", statement_timeout_ms=60_000) as connection:
        connection.execute(WAITS)
        since = connection.execute("SELECT min(received_at) FROM publications").fetchone()
        assert since is not None
        return check_publishing(connection, since[0] + waited)


def test_what_waits_for_a_minute_is_a_fault(database: str) -> None:
    found = check_after(database, LONGEST_WAIT)

    assert (found.passed, found.found) == (False, "1 change waits, the oldest since 2026-01-01 08:00:00 UTC")
    assert "takes no messages" in found.advice


def test_what_has_just_come_is_none(database: str) -> None:
    assert check_after(database, LONGEST_WAIT - timedelta(milliseconds=1)).passed


def test_doctor_prints_it(cli: CommandLine, database: str) -> None:
    with connect(database, name="test", statement_timeout_ms=60_000) as connection:
        connection.execute(WAITS)

    line = next(line for line in cli("doctor").out.splitlines() if line[6:].startswith("publishing"))
    assert line.startswith("FAIL")
    assert "1 change waits" in line

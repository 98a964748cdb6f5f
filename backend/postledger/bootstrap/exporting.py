"""Wires the exports of a worker, and those that an operator runs by hand."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from psycopg import Connection

from postledger.finance.exports.current_targets import CurrentTargets
from postledger.finance.exports.exporter import Exporter, Report
from postledger.finance.exports.open_target import TargetOpener
from postledger.finance.exports.settlement import Attempt, Result, name_result
from postledger.finance.exports.target import Failed, Unknown
from postledger.notifications.announce import announce_refusal
from postledger.outgoing.connect import Network, trust_system
from postledger.outgoing.resolve import SystemResolver
from postledger.platform.json_log import EventLog
from postledger.platform.keyring import Keyring
from postledger.platform.work_loop import WorkLoop

_PAUSE_S = 1.0
"""How long an approved bill may wait until it is found."""


class ExportedEvent(msgspec.Struct, frozen=True, omit_defaults=True):
    """The log entry of one attempt. The words of a refusal are not in it, because they can quote amounts."""

    time: datetime
    event: str
    bill: str
    target: str
    attempt: int
    result: Result
    took_ms: int
    fault: str | None = None


def create_exporter(keyring: Keyring, folder: Path, report: Report) -> Exporter:
    """Make the exporter of the targets in force. A refusal makes a notification."""
    opener = TargetOpener(folder, Network(SystemResolver(), trust_system()))
    return Exporter(CurrentTargets(keyring, opener), report, announce_refusal)


def export_once(
    connection: Connection[Any], keyring: Keyring, folder: Path, on_export: Callable[[str, str, Result], None]
) -> None:
    """Export what is due until nothing is left. A target that fails is left for later."""

    def report(target: str, attempt: Attempt) -> None:
        assert attempt.outcome is not None, "only attempts that were made are reported"
        on_export(_name_bill(attempt), target, name_result(attempt.outcome))

    exporter = create_exporter(keyring, folder, report)
    try:
        while exporter.work(connection):
            pass
    finally:
        exporter.close(connection)


def create_export_loop(
    keyring: Keyring,
    folder: Path,
    connect: Callable[[], Connection[Any]],
    events: EventLog,
    *,
    count_export: Callable[[str, Result], None],
    on_failure: Callable[[], None],
) -> WorkLoop:
    """Make the loop that exports approved bills."""

    def report(target: str, attempt: Attempt) -> None:
        assert attempt.outcome is not None, "only attempts that were made are reported"
        count_export(target, name_result(attempt.outcome))
        events.add(_log_entry(target, attempt))

    exporter = create_exporter(keyring, folder, report)

    def work(connection: Connection[Any]) -> int:
        done = exporter.work(connection)
        events.write()
        return done

    def finish(connection: Connection[Any]) -> None:
        exporter.close(connection)
        events.write()

    return WorkLoop("export", work, connect, idle_pause_s=_PAUSE_S, on_failure=on_failure, finish=finish)


def _log_entry(target: str, attempt: Attempt) -> ExportedEvent:
    outcome = attempt.outcome
    assert outcome is not None, "as above"
    return ExportedEvent(
        datetime.now(UTC),
        "exported",
        _name_bill(attempt),
        target,
        attempt.leased.attempts,
        name_result(outcome),
        attempt.took_ms,
        outcome.fault if isinstance(outcome, Failed | Unknown) else None,
    )


def _name_bill(attempt: Attempt) -> str:
    return attempt.bill.number if attempt.bill is not None else str(attempt.leased.bill_id)

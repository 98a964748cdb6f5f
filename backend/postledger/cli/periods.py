"""`period`: shows the months of the books, begins their end, locks and unlocks them."""

from datetime import UTC, date, datetime
from typing import Annotated

import msgspec
import typer

from postledger.cli.connections import LONG_STATEMENT_TIMEOUT_MS, open_ledger
from postledger.cli.current_user import AsUser, find_actor
from postledger.cli.errors import CommandFailed
from postledger.cli.month_report import print_report, report
from postledger.cli.output import AsJson, print_json, print_table
from postledger.cli.time_options import read_month
from postledger.finance.remap import open_books
from postledger.platform.postgres.connection import LedgerConnection
from postledger.reconciliation.months.blockers import Blocker, find_blockers
from postledger.reconciliation.months.change_month import Unlocked, close_month, lock_month, unlock_month
from postledger.reconciliation.months.locked_reports import LockedReport, list_locked_reports
from postledger.reconciliation.months.month_store import list_months
from postledger.reconciliation.months.month_store import read_month as read_state
from postledger.reconciliation.months.shown_report import ShownReport
from postledger.reconciliation.rules.months import Month, name_month

periods = typer.Typer(help="Months of the books: open, closing, locked.", no_args_is_help=True)
periods.command("report")(report)

Period = Annotated[str, typer.Argument(metavar="MONTH", help="A month such as 2026-10.")]
_OF_TABLE = ("period", "state", "version", "changed_at", "changed_by", "unlock_asked_by")


@periods.command("show")
def show(
    context: typer.Context,
    *,
    month: Annotated[str | None, typer.Argument(metavar="MONTH", help="A month such as 2026-10. Default: all.")] = None,
    version: Annotated[
        int | None, typer.Option("--version", min=1, help="The report of this version. Default: of the newest lock.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show a month: its state, what keeps it from being locked, and the report that was kept when it was locked."""
    with open_ledger(context, statement_timeout_ms=LONG_STATEMENT_TIMEOUT_MS) as connection:
        if month is None:
            _show_all(connection, as_json=as_json)
        else:
            _show_one(connection, _read(month), version, as_json=as_json)


@periods.command("close")
def close(context: typer.Context, month: Period, *, as_user: AsUser = None, as_json: AsJson = False) -> None:
    """Begin the end of a month, and print what is left to do until it can be locked. Repeating is harmless."""
    period = _read(month)
    with open_ledger(context, statement_timeout_ms=LONG_STATEMENT_TIMEOUT_MS) as connection:
        close_month(connection, period, find_actor(connection, as_user))
        _show_one(connection, period, None, as_json=as_json)


@periods.command("lock")
def lock(context: typer.Context, month: Period, *, as_user: AsUser = None, as_json: AsJson = False) -> None:
    """Lock a month that is closing, and keep its report for ever. What comes later belongs to the next open month."""
    period = _read(month)
    with open_ledger(context, statement_timeout_ms=LONG_STATEMENT_TIMEOUT_MS) as connection:
        locked = lock_month(connection, period, find_actor(connection, as_user))
    facts = {"period": name_month(period), "state": "locked", "version": locked.version}
    if as_json:
        print_json(facts | {"report_sha256": locked.sha256.hex()})
    else:
        print(f"{name_month(period)} is locked; the hash of its report is {locked.sha256.hex()}")


@periods.command("unlock")
def unlock(
    context: typer.Context,
    month: Period,
    *,
    reason: Annotated[str | None, typer.Option("--reason", help="Why. The first of the two admins says it.")] = None,
    as_user: AsUser = None,
    as_json: AsJson = False,
) -> None:
    """Unlock a month: one admin asks, and another one agrees with the same command. Its kept report stays as it is."""
    with open_ledger(context) as connection:
        unlocked = unlock_month(connection, _read(month), find_actor(connection, as_user), reason)
    print_json(_describe(unlocked.month)) if as_json else print(_say_unlocked(unlocked))


def _read(text: str) -> date:
    period = read_month("MONTH", text)
    if period is None:
        raise CommandFailed("MONTH is missing; write one such as 2026-10")
    return period


def _show_all(connection: LedgerConnection, *, as_json: bool) -> None:
    months = [_describe(each) for each in list_months(connection, open_books(connection), datetime.now(UTC))]
    print_json(months) if as_json else print_table(_OF_TABLE, [[each[name] for name in _OF_TABLE] for each in months])


def _show_one(connection: LedgerConnection, period: date, version: int | None, *, as_json: bool) -> None:
    month, locks = read_state(connection, period), list_locked_reports(connection, period)
    kept = _choose(month, locks, version)
    blockers = _find_blockers(connection, month)
    if as_json:
        print_json(
            _describe(month)
            | {"blockers": [msgspec.to_builtins(each) for each in blockers]}
            | {"locks": [_describe_lock(each) for each in locks]}
            | {"report": None if kept is None else msgspec.to_builtins(kept.report)}
        )
    else:
        _print(month, blockers, locks, kept)


def _choose(month: Month, locks: list[LockedReport], version: int | None) -> LockedReport | None:
    """Choose the kept report that is shown: of a locked month the newest one, unless another one is asked for."""
    if version is None:
        return locks[0] if locks and month.state == "locked" else None
    kept = next((each for each in locks if each.version == version), None)
    if kept is None:
        known = ", ".join(str(each.version) for each in locks) or "none"
        raise CommandFailed(f"{name_month(month.period)} has no kept report of version {version}; it has {known}")
    return kept


def _find_blockers(connection: LedgerConnection, month: Month) -> list[Blocker]:
    if month.state == "locked":
        return []
    return find_blockers(connection, month.period, open_books(connection), datetime.now(UTC))


def _print(month: Month, blockers: list[Blocker], locks: list[LockedReport], kept: LockedReport | None) -> None:
    print_table(("field", "value"), [(name, value) for name, value in _describe(month).items() if value is not None])
    if locks:
        facts = [_describe_lock(each) for each in locks]
        print()
        print_table(list(facts[0]), [list(each.values()) for each in facts])
    if kept is not None:
        print()
        print_report(ShownReport(kept.report, (), kept.version, kept.sha256))
    for blocker in blockers:
        print(f"- {blocker}")
    if month.state != "locked" and not blockers:
        verb = "close" if month.state == "open" else "lock"
        print(f"nothing keeps it from being locked; run: postledger period {verb} {name_month(month.period)}")


def _describe(month: Month) -> dict[str, object]:
    return msgspec.structs.asdict(month) | {"period": name_month(month.period)}


def _describe_lock(kept: LockedReport) -> dict[str, object]:
    return {
        "version": kept.version,
        "locked_at": kept.locked_at,
        "locked_by": kept.locked_by,
        "report_sha256": kept.sha256.hex(),
    }


def _say_unlocked(unlocked: Unlocked) -> str:
    name, month = name_month(unlocked.month.period), unlocked.month
    if month.state != "locked":
        kept = f"postledger period report {name} --version {month.version - 1}"
        return f"{name} is {month.state} again; its report from before stays: {kept}"
    agree = f"another admin must agree: postledger period unlock {name} --as LOGIN"
    if not unlocked.others:
        return f"{name} stays locked; {agree} (there is no other admin; run: postledger user add LOGIN --role admin)"
    return f"{name} stays locked; {agree} (one of {', '.join(unlocked.others)})"

"""`expenses`: lists expense lines, maps them again, and adds those of earlier conversions."""

import time
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from secrets import token_bytes
from typing import Annotated

import typer

from postledger.cli.connections import LONG_STATEMENT_TIMEOUT_MS, open_ledger
from postledger.cli.current_user import AsUser, record
from postledger.cli.errors import CommandFailed
from postledger.cli.id_arguments import read_currency, read_event, read_id
from postledger.cli.interrupts import say_how_far
from postledger.cli.list_format import (
    AsCsv,
    ForExcel,
    Format,
    Limit,
    Since,
    Until,
    Wide,
    Zone,
    check_format,
    limit_rows,
    print_rows,
)
from postledger.cli.output import AsJson, note, print_json, show_progress
from postledger.cli.row_output import Columns
from postledger.cli.time_options import FORMS, read_moment, read_month, read_past, read_zone
from postledger.finance import list_lines
from postledger.finance.backfill import backfill as hand_over_earlier
from postledger.finance.backfill import preview_backfill
from postledger.finance.booking import Unmapped
from postledger.finance.difference import Difference
from postledger.finance.lines import LineKind
from postledger.finance.list_lines import LineFilters
from postledger.finance.remap import preview_remap
from postledger.finance.remap import remap as map_again
from postledger.finance.rules.expense_rule import Direction
from postledger.notifications.announce import announce_requests
from postledger.vocabulary.receipt import ENTROPY_BYTES, make_receipt
from postledger.vocabulary.wording import count

expenses = typer.Typer(help="Expense lines: what conversions make payable or receivable.", no_args_is_help=True)

MOST_LINES_UNASKED = 1000
_DEFAULT_RATE = 1000
_LINES = Columns(
    everything=(
        "id", "created_at", "source", "campaign", "affiliate", "event", "transaction_id", "conversion_id", "seq",
        "kind", "adjusts", "direction", "payee", "category", "account", "tax_code", "rule", "rule_version", "unmapped",
        "amount", "currency", "base_amount", "base_currency", "rate", "rate_on", "period", "origin_period",
        "billable_from", "approved_by_rule", "conversion_status", "revision", "cause", "happened_at", "dedup_key",
    ),
    of_table=(
        "created_at", "source", "transaction_id", "kind", "payee", "category", "amount", "currency", "unmapped",
        "period", "conversion_id",
    ),
    by_importance=(
        "conversion_id", "amount", "currency", "unmapped", "payee", "category", "created_at", "kind", "period",
        "transaction_id", "source",
    ),
)  # fmt: skip
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print what would be added, and add nothing.")]


@expenses.command("list")
def list_expenses(
    *,
    context: typer.Context,
    source: Annotated[str | None, typer.Option("--source", help="Only this source.")] = None,
    campaign: Annotated[str | None, typer.Option("--campaign", help="Only this campaign.")] = None,
    affiliate: Annotated[str | None, typer.Option("--affiliate", help="Only this affiliate id.")] = None,
    event: Annotated[str | None, typer.Option("--event", help="Only this event, such as sale.")] = None,
    payee: Annotated[str | None, typer.Option("--payee", help="Only this payee id.")] = None,
    rule: Annotated[str | None, typer.Option("--rule", help="Only lines of this expense rule.")] = None,
    kind: Annotated[LineKind | None, typer.Option("--kind", help="Only lines of this kind.")] = None,
    direction: Annotated[Direction | None, typer.Option("--direction", help="Only this direction.")] = None,
    currency: Annotated[str | None, typer.Option("--currency", help="Only this currency, such as EUR.")] = None,
    period: Annotated[str | None, typer.Option("--period", help="Only this month, such as 2026-10.")] = None,
    unmapped: Annotated[bool, typer.Option("--unmapped", help="Only money that is unmapped now.")] = False,
    reason: Annotated[Unmapped | None, typer.Option("--reason", help="Only unmapped for this reason.")] = None,
    bill: Annotated[str | None, typer.Option("--bill", help="Only lines on the bill with this number.")] = None,
    since: Since = None,
    until: Until = None,
    timezone: Zone = None,
    limit: Limit = None,
    wide: Wide = False,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    excel: ForExcel = False,
) -> None:
    """List expense lines, newest first. --since and --until are about when a line was written."""
    form = Format(read_zone(timezone), limit, as_json, as_csv, wide, excel)
    check_format(form)
    now = datetime.now(UTC)
    filters = LineFilters(
        limit_rows(form),
        source,
        campaign,
        read_id(affiliate),
        read_event(event),
        read_id(payee),
        rule,
        kind,
        direction,
        read_currency(currency),
        read_month("--period", period),
        unmapped or reason is not None,
        reason,
        read_moment("--since", since, now, form.zone),
        read_moment("--until", until, now, form.zone),
        bill=read_id(bill),
    )
    with open_ledger(context) as connection, closing(list_lines.list_lines(connection, filters)) as rows:
        print_rows(rows, _LINES, form)


@expenses.command("show")
def show_expenses(
    context: typer.Context,
    searched: Annotated[
        str, typer.Argument(metavar="ID", help="A conversion's id, its transaction id or click id, or a line's id.")
    ],
    *,
    wide: Wide = False,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Show the lines of one conversion, oldest first, and what they sum to."""
    form = Format(UTC, None, as_json, as_csv, wide, excel=False)
    check_format(form)
    with open_ledger(context) as connection:
        rows = list_lines.find_lines(connection, read_id(searched) or "")
    print_rows(iter(rows), _LINES, Format(UTC, len(rows), as_json, as_csv, wide, excel=False))
    if not as_json and not as_csv:
        note(f"sum: {_write_money(_sum_up(rows))}")


@expenses.command("remap")
def remap(
    context: typer.Context,
    *,
    dry_run: DryRun = False,
    yes: Annotated[
        bool, typer.Option("--yes", help=f"Also if that adds more than {MOST_LINES_UNASKED} lines. Look before.")
    ] = False,
    as_user: AsUser = None,
    as_json: AsJson = False,
) -> None:
    """Map unmapped money again, and lines of months that are not locked whose rule was changed."""
    with open_ledger(context, statement_timeout_ms=LONG_STATEMENT_TIMEOUT_MS) as connection:
        with say_how_far("compared") as follow, show_progress("comparing") as on_progress:
            difference = preview_remap(connection, follow(on_progress))
        if not dry_run and difference.lines:
            if difference.lines > MOST_LINES_UNASKED and not yes:
                raise CommandFailed(_ask(difference))
            task_id = _make_task_id()
            actor = record(connection, as_user, "expenses.remap", task_id)
            with say_how_far("mapped") as follow, show_progress("mapping") as on_progress:
                progress = follow(on_progress)
                difference = map_again(connection, task_id, progress, actor=actor, on_requests=announce_requests)
    _report(difference, dry_run=dry_run, as_json=as_json)


@expenses.command("backfill")
def backfill(
    context: typer.Context,
    *,
    since: Annotated[str, typer.Option("--since", help=f"From this time on: {FORMS}.")],
    rate: Annotated[
        int, typer.Option("--rate", min=1, max=1_000_000, help="At most this many conversions per second.")
    ] = _DEFAULT_RATE,
    timezone: Zone = None,
    dry_run: DryRun = False,
    as_user: AsUser = None,
    as_json: AsJson = False,
) -> None:
    """Hand conversions from before the start of the books to the worker, which adds their lines.

    It goes from new to old and moves the start back. If it is interrupted, repeat it: it goes on where it stopped.
    """
    begin = read_past("--since", since, datetime.now(UTC), read_zone(timezone))
    with (
        say_how_far("compared" if dry_run else "handed over") as follow,
        open_ledger(context, statement_timeout_ms=LONG_STATEMENT_TIMEOUT_MS) as connection,
        show_progress("comparing" if dry_run else "handing over") as on_progress,
    ):
        if dry_run:
            _report(preview_backfill(connection, begin, follow(on_progress)), dry_run=True, as_json=as_json)
            return
        task_id = _make_task_id()
        record(connection, as_user, "expenses.backfill", task_id, since=begin)
        done = hand_over_earlier(connection, begin, task_id, rate, follow(on_progress))
    if as_json:
        print_json({"dry_run": False, "conversions": done.conversions, "since": done.since})
    else:
        print(f"{count(done.conversions, 'conversion')} handed to the worker; the books start at {done.since:%FT%TZ}")


def _make_task_id() -> str:
    return make_receipt(time.time_ns() // 1_000_000, token_bytes(ENTROPY_BYTES))


def _ask(difference: Difference) -> str:
    told = "; ".join(_describe(difference))
    return f"this would add {difference.lines} lines ({told}); nothing was changed. To go on, add --yes"


def _report(difference: Difference, *, dry_run: bool, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "dry_run": dry_run,
                "conversions": difference.conversions,
                "lines": difference.mapped_lines,
                "money": difference.mapped_money,
                "unmapped_lines": difference.unmapped_lines,
                "unmapped_money": difference.unmapped_money,
            }
        )
        return
    for line in _describe(difference):
        print(line)


def _describe(difference: Difference) -> list[str]:
    if not difference.lines:
        return ["nothing to add"]
    told = [f"+{count(difference.mapped_lines, 'line')}, {_write_money(difference.mapped_money)}"]
    if difference.unmapped_lines:
        told.append(f"unmapped: +{count(difference.unmapped_lines, 'line')}, {_write_money(difference.unmapped_money)}")
    return told


def _sum_up(rows: list[list_lines.Row]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for row in rows:
        sums[row["currency"]] = sums.get(row["currency"], Decimal(0)) + row["amount"]
    return sums


def _write_money(money: dict[str, Decimal]) -> str:
    # Thousands are parted by a space, which no country reads as a decimal mark.
    written = [f"{amount:,f}".replace(",", " ") + f" {currency}" for currency, amount in sorted(money.items())]
    return ", ".join(written) or "0"

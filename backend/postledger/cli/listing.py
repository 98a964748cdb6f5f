"""`conversions list` and `postbacks list`: lists rows of the ledger as a table, JSON or CSV."""

import csv
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated

import typer

from postledger.audit import lists
from postledger.audit.lists import Filters, Row
from postledger.cli.connections import open_ledger
from postledger.cli.errors import CommandFailed
from postledger.cli.output import AsJson, as_text, join_reason, print_json, print_table
from postledger.cli.time_options import FORMS, read_moment
from postledger.vocabulary.refusal import Reason
from postledger.vocabulary.statuses import Status, Verdict

conversions = typer.Typer(help="What happened, according to the postbacks.", no_args_is_help=True)
postbacks = typer.Typer(help="Every request that was received, with its verdict.", no_args_is_help=True)

AsCsv = Annotated[bool, typer.Option("--csv", help="Print CSV for spreadsheets.")]
OneSource = Annotated[str | None, typer.Option("--source", help="Only this source.")]
OneCampaign = Annotated[str | None, typer.Option("--campaign", help="Only this campaign.")]
OneEvent = Annotated[str | None, typer.Option("--event", help="Only this event, such as sale.")]
Since = Annotated[str | None, typer.Option("--since", help=f"From this time on: {FORMS}.")]
Until = Annotated[str | None, typer.Option("--until", help="Before this time.")]
Limit = Annotated[int, typer.Option("--limit", min=1, help="At most this many, newest first.")]

_CONVERSIONS = (
    "id", "created_at", "updated_at", "source", "event", "transaction_id", "click_id", "campaign", "affiliate_id",
    "status", "source_status", "payout", "currency", "subs", "event_time", "unsigned", "conflicted_at",
    "dedup_key",
)  # fmt: skip
_POSTBACKS = (
    "id", "received_at", "source", "source_ip", "method", "verdict", "reason", "parameter", "conversion_id",
    "secret_id", "event", "click_id", "transaction_id", "status", "source_status", "payout", "currency", "event_time",
)  # fmt: skip
_CONVERSIONS_AT_A_GLANCE = (
    "created_at", "source", "event", "transaction_id", "click_id", "campaign", "status", "payout", "currency", "id",
)  # fmt: skip
_POSTBACKS_AT_A_GLANCE = (
    "received_at", "source", "method", "verdict", "reason", "event", "transaction_id", "click_id", "id",
)  # fmt: skip
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


@conversions.command("list")
def list_conversions(
    *,
    context: typer.Context,
    source: OneSource = None,
    status: Annotated[Status | None, typer.Option("--status", help="Only this status.")] = None,
    campaign: OneCampaign = None,
    event: OneEvent = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 50,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """List conversions, newest first."""
    _refuse_both(as_json=as_json, as_csv=as_csv)
    filters = Filters(limit, source, status, None, None, campaign, event, *_read_span(since, until))
    with open_ledger(context) as connection:
        rows = lists.list_conversions(connection, filters)
    _print(rows, _CONVERSIONS, _CONVERSIONS_AT_A_GLANCE, as_json=as_json, as_csv=as_csv)


@postbacks.command("list")
def list_postbacks(
    *,
    context: typer.Context,
    source: OneSource = None,
    verdict: Annotated[Verdict | None, typer.Option("--verdict", help="Only this verdict.")] = None,
    reason: Annotated[Reason | None, typer.Option("--reason", help="Only those refused for this reason.")] = None,
    campaign: OneCampaign = None,
    event: OneEvent = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 50,
    with_raw: Annotated[bool, typer.Option("--raw", help="Show the request as it was received.")] = False,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """List received postbacks, newest first."""
    _refuse_both(as_json=as_json, as_csv=as_csv)
    filters = Filters(limit, source, None, verdict, reason, campaign, event, *_read_span(since, until))
    with open_ledger(context) as connection:
        rows = lists.list_postbacks(connection, filters, with_raw=with_raw)
    raw = ("raw",) if with_raw else ()
    shown = [{**row, "raw": _readable(row["raw"])} for row in rows] if with_raw else rows
    _print(shown, (*_POSTBACKS, *raw), (*_POSTBACKS_AT_A_GLANCE, *raw), as_json=as_json, as_csv=as_csv)


def _refuse_both(*, as_json: bool, as_csv: bool) -> None:
    if as_json and as_csv:
        raise CommandFailed("--json and --csv cannot be combined; leave one of them out")


def _read_span(since: str | None, until: str | None) -> tuple[datetime | None, datetime | None]:
    now = datetime.now(UTC)
    return read_moment("--since", since, now), read_moment("--until", until, now)


def _print(
    rows: Sequence[Row], names: Sequence[str], at_a_glance: Sequence[str], *, as_json: bool, as_csv: bool
) -> None:
    if as_json:
        print_json([{name: row[name] for name in names} for row in rows])
    elif as_csv:
        _print_csv(names, rows)
    else:
        print_table(at_a_glance, [[_cell(row, name) for name in at_a_glance] for row in rows])


def _print_csv(names: Sequence[str], rows: Sequence[Mapping[str, object]]) -> None:
    writer = csv.writer(sys.stdout)
    writer.writerow(names)
    writer.writerows([_write_csv_cell(row[name]) for name in names] for row in rows)


def _write_csv_cell(value: object) -> str:
    # A spreadsheet runs a text that looks like a formula. The apostrophe makes it plain text.
    text = as_text(value)
    is_formula = text.startswith(_FORMULA_STARTS) and not isinstance(value, Decimal | int)
    return f"'{text}" if is_formula else text


def _cell(row: Row, name: str) -> object:
    return join_reason(row["reason"], row["parameter"]) if name == "reason" else row[name]


def _readable(raw: bytes) -> str:
    # A request can contain bytes that move a terminal's cursor or change its title.
    text = raw.decode("utf-8", "backslashreplace")
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)

"""`conversions list` and `postbacks list`: what is on the ledger, for people, programs and spreadsheets."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer

from postledger.audit import lists as reports
from postledger.audit.lists import Filters, Row, UnknownName
from postledger.cli.connections import open_ledger
from postledger.cli.csv_output import print_csv
from postledger.cli.errors import CommandFailed
from postledger.cli.output import AsJson, print_json, print_table, tell_reason
from postledger.cli.time_options import FORMS, read_moment
from postledger.vocabulary.refusal import Reason
from postledger.vocabulary.statuses import Status, Verdict

conversions = typer.Typer(help="What the postbacks say happened.", no_args_is_help=True)
postbacks = typer.Typer(help="Every request that was received.", no_args_is_help=True)

AsCsv = Annotated[bool, typer.Option("--csv", help="Print CSV for spreadsheets.")]
OneSource = Annotated[str | None, typer.Option("--source", help="Of this source only.")]
OneCampaign = Annotated[str | None, typer.Option("--campaign", help="Of this campaign only.")]
OneEvent = Annotated[str | None, typer.Option("--event", help="Of this event only, such as sale.")]
Since = Annotated[str | None, typer.Option("--since", help=f"From this moment on: {FORMS}.")]
Until = Annotated[str | None, typer.Option("--until", help="Before this moment.")]
Limit = Annotated[int, typer.Option("--limit", min=1, help="At most so many, the newest first.")]

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


@conversions.command("list")
def list_conversions(
    *,
    source: OneSource = None,
    status: Annotated[Status | None, typer.Option("--status", help="In this status only.")] = None,
    campaign: OneCampaign = None,
    event: OneEvent = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 50,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """List conversions, the newest first."""
    _refuse_both(as_json=as_json, as_csv=as_csv)
    filters = Filters(limit, source, status, None, None, campaign, event, *_read_span(since, until))
    try:
        with open_ledger() as connection:
            rows = reports.list_conversions(connection, filters)
    except UnknownName as error:
        raise CommandFailed(str(error)) from None
    _print(rows, _CONVERSIONS, _CONVERSIONS_AT_A_GLANCE, as_json=as_json, as_csv=as_csv)


@postbacks.command("list")
def list_postbacks(
    *,
    source: OneSource = None,
    verdict: Annotated[Verdict | None, typer.Option("--verdict", help="With this verdict only.")] = None,
    reason: Annotated[Reason | None, typer.Option("--reason", help="Refused for this reason only.")] = None,
    campaign: OneCampaign = None,
    event: OneEvent = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 50,
    with_raw: Annotated[bool, typer.Option("--raw", help="Show what was sent, as it is stored.")] = False,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """List audit rows, the newest first."""
    _refuse_both(as_json=as_json, as_csv=as_csv)
    filters = Filters(limit, source, None, verdict, reason, campaign, event, *_read_span(since, until))
    try:
        with open_ledger() as connection:
            rows = reports.list_postbacks(connection, filters, with_raw=with_raw)
    except UnknownName as error:
        raise CommandFailed(str(error)) from None
    raw = ("raw",) if with_raw else ()
    shown = [{**row, "raw": _readable(row["raw"])} for row in rows] if with_raw else rows
    _print(shown, (*_POSTBACKS, *raw), (*_POSTBACKS_AT_A_GLANCE, *raw), as_json=as_json, as_csv=as_csv)


def _refuse_both(*, as_json: bool, as_csv: bool) -> None:
    if as_json and as_csv:
        raise CommandFailed("--json and --csv cannot both be given")


def _read_span(since: str | None, until: str | None) -> tuple[datetime | None, datetime | None]:
    now = datetime.now(UTC)
    return read_moment("--since", since, now), read_moment("--until", until, now)


def _print(
    rows: Sequence[Row], names: Sequence[str], at_a_glance: Sequence[str], *, as_json: bool, as_csv: bool
) -> None:
    if as_json:
        print_json([{name: row[name] for name in names} for row in rows])
    elif as_csv:
        print_csv(names, rows)
    else:
        print_table(at_a_glance, [[_cell(row, name) for name in at_a_glance] for row in rows])


def _cell(row: Row, name: str) -> object:
    return tell_reason(row["reason"], row["parameter"]) if name == "reason" else row[name]


def _readable(raw: bytes) -> str:
    # What a sender wrote may hold bytes that move a terminal's cursor or change its title.
    text = raw.decode("utf-8", "backslashreplace")
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)

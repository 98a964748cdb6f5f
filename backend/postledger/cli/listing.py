"""`conversions list` and `postbacks list`: lists rows of the ledger as a table, JSON or CSV."""

from contextlib import closing
from datetime import UTC, datetime
from typing import Annotated

import typer

from postledger.audit import lists
from postledger.audit.lists import Filters
from postledger.cli.connections import open_ledger
from postledger.cli.id_arguments import read_currency, read_event, read_id
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
from postledger.cli.output import AsJson, join_reason
from postledger.cli.parked import discard_parked, list_parked, release_parked
from postledger.cli.row_output import Columns, Row
from postledger.cli.time_options import read_moment, read_zone
from postledger.vocabulary.refusal import Reason
from postledger.vocabulary.statuses import Status, Verdict

conversions = typer.Typer(help="What happened, according to the postbacks.", no_args_is_help=True)
postbacks = typer.Typer(help="Every request that was received, with its verdict.", no_args_is_help=True)

OneSource = Annotated[str | None, typer.Option("--source", help="Only this source.")]
OneCampaign = Annotated[str | None, typer.Option("--campaign", help="Only this campaign.")]
OneEvent = Annotated[str | None, typer.Option("--event", help="Only this event, such as sale.")]
UpdatedSince = Annotated[str | None, typer.Option("--updated-since", help="Created or changed from this time on.")]

_CONVERSIONS = Columns(
    everything=(
        "id", "created_at", "updated_at", "source", "event", "transaction_id", "click_id", "campaign", "affiliate_id",
        "status", "source_status", "payout", "currency", "subs", "event_time", "unsigned", "click_shed",
        "conflicted_at", "dedup_key",
    ),
    of_table=(
        "created_at", "source", "event", "transaction_id", "click_id", "campaign", "status", "payout", "currency", "id",
    ),
    by_importance=(
        "id", "status", "payout", "currency", "source", "created_at", "transaction_id", "event", "click_id", "campaign",
    ),
)  # fmt: skip
_POSTBACKS = Columns(
    everything=(
        "id", "received_at", "source", "source_ip", "method", "verdict", "reason", "parameter", "cause",
        "byte_offset", "conversion_id", "secret_id", "event", "click_id", "transaction_id", "status",
        "source_status", "payout", "currency", "event_time", "click_shed",
        "label_notes", "replay_of",
    ),
    of_table=("received_at", "source", "method", "verdict", "reason", "event", "transaction_id", "click_id", "id"),
    by_importance=(
        "id", "verdict", "reason", "source", "received_at", "transaction_id", "event", "click_id", "method",
    ),
)  # fmt: skip
_POSTBACKS_WITH_RAW = Columns(
    everything=(*_POSTBACKS.everything, "raw", "raw_length", "raw_sha256"),
    of_table=(*_POSTBACKS.of_table, "raw", "raw_length"),
    by_importance=("id", "raw", "raw_length", *_POSTBACKS.by_importance[1:]),
)


@conversions.command("list")
def list_conversions(
    *,
    context: typer.Context,
    source: OneSource = None,
    status: Annotated[Status | None, typer.Option("--status", help="Only this status.")] = None,
    campaign: OneCampaign = None,
    affiliate: Annotated[str | None, typer.Option("--affiliate", help="Only this affiliate id.")] = None,
    event: OneEvent = None,
    currency: Annotated[str | None, typer.Option("--currency", help="Only this currency, such as EUR.")] = None,
    since: Since = None,
    until: Until = None,
    updated_since: UpdatedSince = None,
    timezone: Zone = None,
    limit: Limit = None,
    wide: Wide = False,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    excel: ForExcel = False,
) -> None:
    """List conversions, newest first."""
    form = Format(read_zone(timezone), limit, as_json, as_csv, wide, excel)
    check_format(form)
    now = datetime.now(UTC)
    filters = Filters(
        limit_rows(form),
        source,
        status,
        campaign=campaign,
        affiliate=read_id(affiliate),
        event=read_event(event),
        currency=read_currency(currency),
        since=read_moment("--since", since, now, form.zone),
        until=read_moment("--until", until, now, form.zone),
        updated_since=read_moment("--updated-since", updated_since, now, form.zone),
    )
    with open_ledger(context) as connection, closing(lists.list_conversions(connection, filters)) as rows:
        print_rows(rows, _CONVERSIONS, form)


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
    timezone: Zone = None,
    limit: Limit = None,
    with_raw: Annotated[bool, typer.Option("--raw", help="Show the request as it was received.")] = False,
    wide: Wide = False,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    excel: ForExcel = False,
) -> None:
    """List received postbacks, newest first."""
    form = Format(read_zone(timezone), limit, as_json, as_csv, wide, excel)
    check_format(form)
    now = datetime.now(UTC)
    filters = Filters(
        limit_rows(form),
        source,
        verdict=verdict,
        reason=reason,
        campaign=campaign,
        event=read_event(event),
        since=read_moment("--since", since, now, form.zone),
        until=read_moment("--until", until, now, form.zone),
    )
    with (
        open_ledger(context) as connection,
        closing(lists.list_postbacks(connection, filters, with_raw=with_raw)) as rows,
    ):
        shown = ({**row, "raw": _readable(row["raw"])} for row in rows) if with_raw else rows
        print_rows(shown, _POSTBACKS_WITH_RAW if with_raw else _POSTBACKS, form, for_table=_join_reason)


def _join_reason(row: Row) -> Row:
    return {**row, "reason": join_reason(row)}


def _readable(raw: bytes) -> str:
    # A request can contain bytes that move a terminal's cursor or change its title.
    text = raw.decode("utf-8", "backslashreplace")
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)


conversions.command("parked")(list_parked)
conversions.command("release")(release_parked)
conversions.command("discard")(discard_parked)

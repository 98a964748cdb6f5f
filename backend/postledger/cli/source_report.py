"""`source report`: prints what enforce mode would refuse, before it is turned on, and what was refused."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from postledger.audit.source_report import ReasonCount, SourceReport, Tally
from postledger.audit.source_report import report_source as read_report
from postledger.cli.connections import open_ledger
from postledger.cli.output import AsJson, note, print_json, print_table, show_progress
from postledger.cli.time_options import FORMS, read_moment

TOP_ADDRESSES = 3
_OF_ADDRESSES = ("ip_not_allowed", "rate_limited")
_TITLES = ("what", "reason", "postbacks", "addresses", "first_seen", "last_seen")


def report_source(
    context: typer.Context,
    slug: Annotated[str, typer.Argument(metavar="SLUG", help="The slug of the source.")],
    since: Annotated[str, typer.Option("--since", help=f"From this time on: {FORMS}.")] = "7d",
    until: Annotated[str | None, typer.Option("--until", help="Before this time.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show what enforce mode would have refused of a source, and what was refused."""
    now = datetime.now(UTC)
    first, last = read_moment("--since", since, now) or now, read_moment("--until", until, now) or now
    with open_ledger(context) as connection, show_progress("reading days") as on_progress:
        report = read_report(connection, slug, first, last, on_progress)
    if as_json:
        print_json(_as_facts(report))
    else:
        _print(report)


def _print(report: SourceReport) -> None:
    if report.mode == "observe" or report.observed.postbacks:
        print(_summarize("would have refused", report.observed, report.received))
    print(_summarize("refused", report.refused, report.received))
    if report.click_shed:
        print(f"click_shed {_grouped(report.click_shed)} of {_grouped(report.received)}: their clicks were not stored")
    rows = [
        *_list_rows("would refuse", report.observed),
        *_list_rows("refused", report.refused),
        *_list_rows("label cut or left out", report.labels),
    ]
    if rows:
        print_table(_TITLES, rows)
    note(
        f"{report.source} is in {report.mode} mode. The report lacks requests that the edge refused"
        " (postledger_edge_refusals_total) or that sampling left out (postledger_refusals_unrecorded_total)."
    )


def _summarize(verb: str, tally: Tally, received: int) -> str:
    reasons = ", ".join(_write_reason(reason, count) for reason, count in _sort(tally))
    return f"{verb} {_grouped(tally.postbacks)} of {_grouped(received)}" + (f": {reasons}" if reasons else "")


def _write_reason(reason: str, count: ReasonCount) -> str:
    addresses = f" ({_write_addresses(count)})" if reason in _OF_ADDRESSES and count.addresses else ""
    return f"{_grouped(count.total.postbacks)} {reason}{addresses}"


def _write_addresses(count: ReasonCount) -> str:
    listed = _rank(count)
    more = len(listed) - TOP_ADDRESSES
    return ", ".join(address for address, _ in listed[:TOP_ADDRESSES]) + (f" and {more} more" if more > 0 else "")


def _list_rows(what: str, tally: Tally) -> list[tuple[object, ...]]:
    return [
        (
            what,
            reason,
            _grouped(count.total.postbacks),
            _write_addresses(count),
            count.total.first_seen,
            count.total.last_seen,
        )
        for reason, count in _sort(tally)
    ]


def _sort(tally: Tally) -> list[tuple[str, ReasonCount]]:
    return sorted(tally.reasons.items(), key=lambda item: (-item[1].total.postbacks, item[0]))


def _rank(count: ReasonCount) -> list[tuple[str, int]]:
    return sorted(count.addresses.items(), key=lambda item: (-item[1], item[0]))


def _grouped(number: int) -> str:
    return f"{number:,}".replace(",", " ")


def _as_facts(report: SourceReport) -> dict[str, object]:
    return {
        "source": report.source,
        "mode": report.mode,
        "since": report.since,
        "until": report.until,
        "received": report.received,
        "click_shed": report.click_shed,
        "labels": _label_facts(report.labels),
        "would_refuse": _tally_facts(report.observed),
        "refused": _tally_facts(report.refused),
    }


def _label_facts(tally: Tally) -> list[dict[str, object]]:
    return [
        {
            "cause": cause,
            "labels": count.total.postbacks,
            "first_seen": count.total.first_seen,
            "last_seen": count.total.last_seen,
        }
        for cause, count in _sort(tally)
    ]


def _tally_facts(tally: Tally) -> dict[str, object]:
    reasons = [
        {
            "reason": reason,
            "postbacks": count.total.postbacks,
            "first_seen": count.total.first_seen,
            "last_seen": count.total.last_seen,
            "addresses": [{"address": address, "postbacks": postbacks} for address, postbacks in _rank(count)],
        }
        for reason, count in _sort(tally)
    ]
    return {"postbacks": tally.postbacks, "reasons": reasons}

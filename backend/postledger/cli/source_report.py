"""`source report`: whom enforce mode would refuse, asked before it is turned on, and who is refused when it is."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from postledger.audit.source_report import ReasonCount, SourceReport, Tally
from postledger.audit.source_report import report_source as read_report
from postledger.cli.connections import open_ledger
from postledger.cli.errors import CommandFailed
from postledger.cli.output import AsJson, note, print_json, print_table, show_progress
from postledger.cli.time_options import FORMS, read_moment

TOP_ADDRESSES = 3
_OF_ADDRESSES = ("ip_not_allowed", "rate_limited")
_TITLES = ("what", "reason", "postbacks", "addresses", "first_seen", "last_seen")


def report_source(
    slug: Annotated[str, typer.Argument(metavar="SLUG", help="The slug of the source.")],
    since: Annotated[str, typer.Option("--since", help=f"From this moment on: {FORMS}.")] = "7d",
    until: Annotated[str | None, typer.Option("--until", help="Before this moment.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show what a source would have been refused for in enforce mode, and what it was refused for."""
    now = datetime.now(UTC)
    first, last = read_moment("--since", since, now) or now, read_moment("--until", until, now) or now
    with open_ledger() as connection, show_progress("reading days") as tell_progress:
        report = read_report(connection, slug, first, last, tell_progress)
    if report is None:
        raise CommandFailed(f"there is no source {slug}; run: postledger source list")
    if as_json:
        print_json(_as_facts(report))
    else:
        _print(report)


def _print(report: SourceReport) -> None:
    if report.mode == "observe" or report.observed.postbacks:
        print(_tell("would have refused", report.observed, report.received))
    print(_tell("refused", report.refused, report.received))
    rows = [*_list_rows("would refuse", report.observed), *_list_rows("refused", report.refused)]
    if rows:
        print_table(_TITLES, rows)
    note(
        f"{report.source} is in {report.mode} mode. What the edge refuses or the audit's sample leaves out has no row:"
        " postledger_edge_refusals_total and postledger_refusals_unrecorded_total count it."
    )


def _tell(verb: str, tally: Tally, received: int) -> str:
    told = ", ".join(_tell_reason(reason, count) for reason, count in _sort(tally))
    return f"{verb} {_grouped(tally.postbacks)} of {_grouped(received)}" + (f": {told}" if told else "")


def _tell_reason(reason: str, count: ReasonCount) -> str:
    addresses = f" ({_tell_addresses(count)})" if reason in _OF_ADDRESSES and count.addresses else ""
    return f"{_grouped(count.postbacks)} {reason}{addresses}"


def _tell_addresses(count: ReasonCount) -> str:
    listed = _rank(count)
    more = len(listed) - TOP_ADDRESSES
    return ", ".join(address for address, _ in listed[:TOP_ADDRESSES]) + (f" and {more} more" if more > 0 else "")


def _list_rows(what: str, tally: Tally) -> list[tuple[object, ...]]:
    return [
        (what, reason, _grouped(count.postbacks), _tell_addresses(count), count.first_seen, count.last_seen)
        for reason, count in _sort(tally)
    ]


def _sort(tally: Tally) -> list[tuple[str, ReasonCount]]:
    return sorted(tally.reasons.items(), key=lambda item: (-item[1].postbacks, item[0]))


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
        "would_refuse": _tally_facts(report.observed),
        "refused": _tally_facts(report.refused),
    }


def _tally_facts(tally: Tally) -> dict[str, object]:
    reasons = [
        {
            "reason": reason,
            "postbacks": count.postbacks,
            "first_seen": count.first_seen,
            "last_seen": count.last_seen,
            "addresses": [{"address": address, "postbacks": postbacks} for address, postbacks in _rank(count)],
        }
        for reason, count in _sort(tally)
    ]
    return {"postbacks": tally.postbacks, "reasons": reasons}

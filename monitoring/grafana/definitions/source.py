"""One source by variable: what it sends, what of it is refused and why, what it pays, and whether it is itself."""

from dataclasses import replace

from grafana_foundation_sdk.models.dashboard import Dashboard

from monitoring.grafana.frame import Row, choose_label, frame
from monitoring.grafana.levels import alarm_above
from monitoring.grafana.panels import VERDICT_COLORS, Ask, bars_of_rows, layers, lines, number, rows
from monitoring.grafana.queries import at_the_end, over_range, rows_of, series_of
from monitoring.grafana.targets import CLIENT_ERROR_EXCESS, DUPLICATE_EXCESS, SOURCE_UNUSABLE, answered, excess

_SOURCE = 'source="$source"'
_REFUSALS = ("postledger_refusals_total", "postledger_edge_refusals_total")


def define() -> Dashboard:
    """Define the dashboard."""
    about = "One source: its verdicts, refusals, rhythm, payouts, secrets, and what the edge keeps out."
    chosen = choose_label("source", "postledger_postbacks_total")
    return frame("source", about, [_now(), _verdicts(), _rhythm(), _money(), _door()], chosen)


def _now() -> Row:
    sends = Ask(
        question="Is it sending?",
        about="Its postbacks a second, whatever their verdict; what the edge refused in its name is among them.",
        unit="reqps",
        runbook="SourceSilent",
        below="ledger",
        width=4,
        height=4,
    )
    refused = Ask(
        question="Refused more than usual?",
        about="The share of what normally goes well, and in the last 5 minutes was refused for the sender's own fault. "
        "0 is as ever, whatever is usual for it; red is where the alert stands.",
        unit="percentunit",
        runbook="PostbackClientErrorSpike",
        empty="nothing came in 5 minutes",
        levels=alarm_above(CLIENT_ERROR_EXCESS),
        decimals=1,
        below="ledger",
        width=5,
        height=4,
    )
    rhythm = Ask(
        question="Does it send as much as a week ago?",
        about="Its last hour against the same hour of the week before: 100 % is the same.",
        unit="percentunit",
        runbook="SourceSilent",
        empty="nothing of a week ago",
        decimals=0,
        below="ledger",
        width=5,
        height=4,
    )
    repeats = replace(
        refused,
        question="Repeated more than usual?",
        about="The share of what is normally new, and in the last 5 minutes was a duplicate. Each was answered with "
        "success and booked once. 0 is as ever; red is where the alert stands.",
        runbook="DuplicateStorm",
        levels=alarm_above(DUPLICATE_EXCESS),
    )
    unusable = Ask(
        question="How many sources are unusable?",
        about="Sources, this one or others, whose settings on the ledger cannot be read, or none of whose secrets can "
        "be decrypted: all that they send is answered 503. The alert names them.",
        unit="locale",
        runbook="SourceUnusable",
        below="overview",
        levels=alarm_above(SOURCE_UNUSABLE),
        decimals=0,
        width=5,
        height=4,
    )
    hour = answered("increase", "1h", _SOURCE)
    hour_of_last_week = answered("increase", "1h", _SOURCE, " offset 1w")
    return "Now", [
        number(sends, over_range(f"sum({answered('rate', '$__rate_interval', _SOURCE)})")),
        number(refused, over_range(excess("client_error", f", {_SOURCE}"))),
        number(
            rhythm,
            over_range(f"sum({hour}) / (sum({hour_of_last_week}) > 0)"),
            sparkline=False,
        ),
        number(repeats, over_range(excess("duplicate", f", {_SOURCE}"))),
        number(
            unusable,
            at_the_end("count(max by (source) (postledger_source_unusable) == 1) or vector(0)"),
            sparkline=False,
        ),
    ]


def _verdicts() -> Row:
    verdicts = Ask(
        question="What do we answer it?",
        about="Its postbacks a second by verdict. What the edge refused in its name is among the refused.",
        unit="reqps",
        runbook="PostbackClientErrorSpike",
        below="ledger",
        colors=VERDICT_COLORS,
        width=12,
    )
    reasons = Ask(
        question="Why is it refused?",
        about="Refusals a second by reason, of the backend and of the edge. bad_signature is a wrong secret or an "
        "attack, unknown_click a wrong macro, rate_limited a quota that is too small or a sender that is too fast.",
        unit="reqps",
        runbook="TrustedSourceValidationFailures",
        below="ledger",
        empty="nothing of it was refused",
        width=12,
    )
    refusals = (f"rate({one}{{{_SOURCE}}}[$__rate_interval])" for one in _REFUSALS)
    by_reason = f"sum by (reason) ({' or '.join(refusals)}) > 0"
    by_verdict = f"sum by (verdict) ({answered('rate', '$__rate_interval', _SOURCE)})"
    return "Verdicts", [
        layers(verdicts, over_range(by_verdict, "{{verdict}}")),
        layers(reasons, over_range(by_reason, "{{reason}}")),
    ]


def _rhythm() -> Row:
    week = Ask(
        question="Does it keep its rhythm?",
        about="Postbacks a second, averaged over a quarter of an hour, now and a week before.",
        unit="reqps",
        runbook="SourceSilent",
        below="ledger",
        colors={"a week ago": "text"},
        width=16,
    )
    secrets = Ask(
        question="Which secret does it sign with?",
        about="Its live secrets, the age of each, and what matched it in this time. One that nothing matches any "
        "more can go: postledger source rotate. The secrets themselves are nowhere to be seen.",
        unit="short",
        runbook="TrustedSourceValidationFailures",
        below="ledger",
        empty="it has no secret",
    )
    now, a_week_ago = answered("rate", "15m", _SOURCE), answered("rate", "15m", _SOURCE, " offset 1w")
    return "Rhythm and secrets", [
        lines(week, over_range(f"sum({now})", "now"), over_range(f"sum({a_week_ago})", "a week ago")),
        rows(secrets, rows_of("secrets_in_use"), units={"age": "d", "matched": "locale"}),
    ]


def _money() -> Row:
    distribution = Ask(
        question="What does it pay?",
        about="Conversions by payout, in this time: each bar is a payout, rounded to two digits, with its currency.",
        unit="locale",
        runbook="PayoutShift",
        below="campaigns",
        empty="no payout in this time",
        decimals=0,
    )
    mean = Ask(
        question="Is its mean payout moving?",
        about="Mean payout of what was accepted, by the hour and by currency.",
        unit="locale",
        runbook="PayoutShift",
        below="campaigns",
        empty="no payout in this time",
        decimals=2,
    )
    sizes = Ask(
        question="Do its payouts change in size?",
        about="Share of booked payouts by a round number beside each, in the hour before. The alert goes by the mean "
        "of these in each currency: it knows sizes, never amounts.",
        unit="percentunit",
        runbook="PayoutShift",
        below="campaigns",
        empty="no payout in the last hour",
    )
    by_size = f"sum by (currency, size) (increase(postledger_payouts_total{{{_SOURCE}}}[1h]))"
    return "Money", [
        bars_of_rows(distribution, rows_of("payout_distribution")),
        lines(mean, series_of("mean_payout_of_source")),
        layers(
            sizes,
            over_range(
                f"({by_size} > 0) / scalar(sum(increase(postledger_payouts_total{{{_SOURCE}}}[1h])))",
                "about {{size}} {{currency}}",
            ),
        ),
    ]


def _door() -> Row:
    kept_out = Ask(
        question="Who is kept out at the edge?",
        about="Requests a second that the edge refused in its name, before the backend was asked: an address "
        "outside its allowlist, a wrong client certificate, or too many at once.",
        unit="reqps",
        runbook="PostbackClientErrorSpike",
        below="edge",
        empty="nobody is kept out in its name",
        width=7,
    )
    near = Ask(
        question="How near does it come to its quota?",
        about="Of all addresses that speak for it, how much of its burst the one had used that had used the most. "
        "0 % keeps the rate, at 100 % one had to wait: it was refused, unless the source is observed.",
        unit="percentunit",
        runbook="PostbackClientErrorSpike",
        below="edge",
        width=7,
        decimals=0,
    )
    observed = Ask(
        question="Would be refused, if enforced?",
        about="In observe mode: what enforce would refuse, by reason, in this time. postledger source report names "
        "the addresses.",
        unit="locale",
        runbook="TrustedSourceValidationFailures",
        below="edge",
        empty="it is not observed",
        decimals=0,
        width=5,
    )
    pressure = Ask(
        question="How much of it is too fast?",
        about="Refused for their rate, of all that it sent in the hour before.",
        unit="percentunit",
        runbook="PostbackClientErrorSpike",
        below="edge",
        empty="nothing came in the last hour",
        decimals=2,
        width=5,
    )
    refusals = f"postledger_edge_refusals_total{{{_SOURCE}}}"
    limited = f'sum(increase(postledger_edge_refusals_total{{{_SOURCE}, reason="rate_limited"}}[1h]))'
    all_of_them = f"sum({answered('increase', '1h', _SOURCE)})"
    return "At the door", [
        lines(kept_out, over_range(f"sum by (reason) (rate({refusals}[$__rate_interval])) > 0", "{{reason}}")),
        lines(
            near,
            over_range(f"max(max_over_time(postledger_edge_quota_used_ratio{{{_SOURCE}}}[$__rate_interval]))", "used"),
            at_most=1,
        ),
        number(
            observed,
            at_the_end(
                f"sum(increase(postledger_observed_total{{{_SOURCE}}}[$__range]) or "
                f"increase(postledger_edge_observed_total{{{_SOURCE}}}[$__range]))"
            ),
            sparkline=False,
        ),
        number(pressure, over_range(f"{limited} / ({all_of_them} > 0)")),
    ]

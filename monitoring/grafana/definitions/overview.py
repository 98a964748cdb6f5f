"""The wall: is money coming in, is it answered quickly, does anything need a person. All else is one link away."""

from grafana_foundation_sdk.models.dashboard import Dashboard

from monitoring.grafana.frame import Row, frame
from monitoring.grafana.levels import alarm_above, too_high, too_low
from monitoring.grafana.links import link_to_source
from monitoring.grafana.panels import (
    STATUS_COLORS,
    VERDICT_COLORS,
    Ask,
    bars,
    columns,
    layers,
    lines,
    number,
    rows,
)
from monitoring.grafana.queries import as_rows, at_the_end, over_range, series_of
from monitoring.grafana.targets import (
    AVAILABILITY,
    CLIENT_ERROR_EXCESS,
    CONVERSION_RATE_LIMIT,
    FAST_S,
    FASTNESS,
    budget_left,
    edge_quantile,
    rate_of_conversions,
)


def define() -> Dashboard:
    """Define the dashboard."""
    about = "One glance for the wall: traffic, money, speed, error budget, alerts, and what was changed."
    return frame("overview", about, [_now(), _traffic(), _money(), _attention()])


def _now() -> Row:
    postbacks = Ask(
        question="How many postbacks come in?",
        about="Postbacks that the backend answered, in a second, whatever their verdict.",
        unit="reqps",
        runbook="SourceSilent",
        below="source",
        width=4,
        height=4,
    )
    refused = Ask(
        question="What share is refused?",
        about="Refused by the backend, of all that it answered. Most often a partner's mistake: Source says whose.",
        unit="percentunit",
        runbook="PostbackClientErrorSpike",
        below="source",
        levels=too_high(CLIENT_ERROR_EXCESS / 4, CLIENT_ERROR_EXCESS),
        decimals=1,
        width=4,
        height=4,
    )
    available = Ask(
        question="What error budget is left?",
        about=f"Of 30 days: {AVAILABILITY:.2%} of postbacks and clicks get no 5xx. Below zero the promise is broken.",
        unit="percentunit",
        runbook="ErrorBudgetBurn",
        below="edge",
        empty="no traffic in 30 days",
        levels=too_low(0, 0.25),
        decimals=1,
        width=4,
        height=4,
    )
    fast = Ask(
        question="What latency budget is left?",
        about=f"Of 30 days: {FASTNESS:.0%} of postbacks and clicks take the backend at most {FAST_S * 1000:.0f} ms.",
        unit="percentunit",
        runbook="ErrorBudgetBurn",
        below="edge",
        empty="no traffic in 30 days",
        levels=too_low(0, 0.25),
        decimals=1,
        width=4,
        height=4,
    )
    firing = Ask(
        question="Is anything firing?",
        about="Alerts that fire now, without Watchdog, which always does. The table below names them.",
        unit="short",
        runbook="Watchdog",
        below="overview",
        levels=alarm_above(1),
        width=4,
        height=4,
    )
    down = Ask(
        question="Is any part away?",
        about="Parts that Prometheus cannot reach: backend, edge, exporters, Alertmanager, or Prometheus itself.",
        unit="short",
        runbook="TargetDown",
        below="ledger",
        levels=alarm_above(1),
        width=4,
        height=4,
    )
    return "Now", [
        number(postbacks, over_range("sum(rate(postledger_postbacks_total[$__rate_interval]))")),
        number(
            refused,
            over_range(
                """sum(rate(postledger_postbacks_total{verdict="refused"}[$__rate_interval]))
                / sum(rate(postledger_postbacks_total[$__rate_interval]))"""
            ),
        ),
        number(available, at_the_end(budget_left("availability")), sparkline=False),
        number(fast, at_the_end(budget_left("latency")), sparkline=False),
        number(
            firing,
            over_range('count(ALERTS{alertstate="firing", alertname!="Watchdog"}) or vector(0)'),
            sparkline=False,
        ),
        number(down, over_range("count(up == 0) or vector(0)"), sparkline=False),
    ]


def _traffic() -> Row:
    verdicts = Ask(
        question="What do we answer?",
        about="Postbacks a second by verdict. A duplicate is a repeat, and a success; a conflict is among the refused.",
        unit="reqps",
        runbook="PostbackClientErrorSpike",
        below="source",
        colors=VERDICT_COLORS,
        width=12,
    )
    speed = Ask(
        question="How long does a sender wait?",
        about="Half, 95 % and 99 % of postbacks are answered within this time: at the edge, as senders see it, and "
        "in the backend, commit included. The dashed line is the promise.",
        unit="s",
        runbook="ErrorBudgetBurn",
        below="edge",
        levels=alarm_above(FAST_S),
        width=12,
    )
    inside = 'postledger_request_duration_seconds_bucket{route="postback"}[$__rate_interval]'
    return "Traffic", [
        layers(
            verdicts, over_range("sum by (verdict) (rate(postledger_postbacks_total[$__rate_interval]))", "{{verdict}}")
        ),
        lines(
            speed,
            over_range(edge_quantile(0.5), "edge p50"),
            over_range(edge_quantile(0.95), "edge p95"),
            over_range(edge_quantile(0.99), "edge p99"),
            over_range(f"histogram_quantile(0.5, sum by (le) (rate({inside})))", "backend p50"),
            over_range(f"histogram_quantile(0.95, sum by (le) (rate({inside})))", "backend p95"),
            over_range(f"histogram_quantile(0.99, sum by (le) (rate({inside})))", "backend p99"),
        ),
    ]


def _money() -> Row:
    conversions = Ask(
        question="How many conversions in an hour?",
        about="Conversions that reached a status in the hour before, each status once: a pending one that was "
        "approved counts under both.",
        unit="locale",
        runbook="StatusMixShift",
        below="campaigns",
        colors=STATUS_COLORS,
        decimals=0,
    )
    revenue = Ask(
        question="How much was approved in an hour?",
        about="Payouts of the conversions that stand as approved, by the hour of their last change and by currency. "
        "From the ledger, to the cent.",
        unit="locale",
        runbook="PayoutShift",
        below="finance",
        empty="nothing approved in this time",
        decimals=2,
    )
    rate = Ask(
        question="Which campaign converts at which rate?",
        about="Conversions of each clicks in the hour before. Above the dashed line it is hardly people: the alert "
        "asks for 20 clicks.",
        unit="percentunit",
        runbook="CampaignConversionRateAbnormal",
        below="campaigns",
        empty="no clicks in the last hour",
        levels=too_high(CONVERSION_RATE_LIMIT / 2, CONVERSION_RATE_LIMIT),
    )
    return "Money", [
        lines(conversions, over_range("sum by (status) (increase(postledger_conversions_total[1h]))", "{{status}}")),
        columns(revenue, series_of("approved_by_hour")),
        lines(rate, over_range(rate_of_conversions("campaign"), "{{campaign}}")),
    ]


def _attention() -> Row:
    alerts = Ask(
        question="What is firing?",
        about="Alerts that fire now. Watchdog always does: without it, alerting itself is broken.",
        unit="short",
        runbook="Watchdog",
        below="overview",
        empty="not even Watchdog: is alerting broken?",
    )
    reasons = Ask(
        question="Why are postbacks refused?",
        about="Refusals in the last hour by reason, of the backend and of the edge.",
        unit="locale",
        runbook="TrustedSourceValidationFailures",
        below="source",
        empty="nothing was refused in the last hour",
        decimals=0,
    )
    sources = Ask(
        question="Who sends?",
        about="Postbacks a second by source. A click on a line opens that source.",
        unit="reqps",
        runbook="SourceSilent",
        below="source",
    )
    both = "postledger_refusals_total[1h]", "postledger_edge_refusals_total[1h]"
    refusals = " or ".join(
        f'label_replace(increase({one}), "at", "{at}", "", "")' for one, at in zip(both, "be", strict=True)
    )
    return "Attention", [
        rows(
            alerts,
            as_rows('max by (alertname, severity, source, campaign) (ALERTS{alertstate="firing"})'),
            units={},
            hidden=["Value"],
        ),
        bars(reasons, at_the_end(f"topk(10, sort_desc(sum by (reason) ({refusals}) > 0))", "{{reason}}")),
        lines(
            sources, over_range("sum by (source) (rate(postledger_postbacks_total[$__rate_interval]))", "{{source}}")
        ).data_links([link_to_source()]),
    ]

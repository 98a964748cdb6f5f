"""The wall: is money coming in, is it answered quickly, does anything need a person. All else is one link away."""

from dataclasses import replace

from grafana_foundation_sdk.models.dashboard import Dashboard

from monitoring.grafana.frame import Row, frame
from monitoring.grafana.levels import alarm_above, too_low
from monitoring.grafana.links import link_to_source
from monitoring.grafana.panels import (
    STATUS_COLORS,
    VERDICT_COLORS,
    Ask,
    bars,
    layers,
    lines,
    number,
    rows,
    steps,
)
from monitoring.grafana.queries import as_rows, at_the_end, over_range, series_of
from monitoring.grafana.targets import (
    AVAILABILITY,
    CLIENT_ERROR_EXCESS,
    CONVERSION_RATE_LIMIT,
    FAST_S,
    FASTNESS,
    answered,
    budget_left,
    edge_quantile,
    excess,
    rate_of_conversions,
)


def define() -> Dashboard:
    """Define the dashboard."""
    about = "One glance for the wall: traffic, money, speed, error budget, alerts, and what was changed."
    return frame("overview", about, [_now(), _traffic(), _money(), _attention()])


def _now() -> Row:
    postbacks = Ask(
        question="How many postbacks come in?",
        about="Postbacks in a second, whatever their verdict; what the edge refused of a source is among them.",
        unit="reqps",
        runbook="SourceSilent",
        below="source",
        width=4,
        height=4,
    )
    refused = Ask(
        question="Refused more than usual?",
        about="Of the source where it is worst: the share of what normally goes well, and in the last 5 minutes was "
        "refused for the sender's own fault. 0 is as ever, whatever is usual there; red is where the alert stands.",
        unit="percentunit",
        runbook="PostbackClientErrorSpike",
        below="source",
        empty="nobody sends",
        levels=alarm_above(CLIENT_ERROR_EXCESS),
        decimals=1,
        width=4,
        height=4,
    )
    available = Ask(
        question="What error budget is left?",
        about=f"{AVAILABILITY:.2%} of postbacks and clicks get no 5xx in 30 days; time of which nothing is known "
        "counts as well spent and as busy as the rest. Below zero the promise is broken.",
        unit="percentunit",
        runbook="ErrorBudgetBurn",
        below="edge",
        empty="no traffic in 30 days",
        levels=too_low(0, 0.25),
        decimals=1,
        width=4,
        height=4,
    )
    fast = replace(
        available,
        question="What latency budget is left?",
        about=f"{FASTNESS:.0%} of postbacks and clicks of 30 days take the backend at most {FAST_S * 1000:.0f} ms; "
        "time of which nothing is known counts as well spent and as busy as the rest.",
    )
    firing = Ask(
        question="How many alerts fire?",
        about="Alerts that fire now, without Watchdog, which always does. The table below names them.",
        unit="short",
        runbook="Watchdog",
        below="overview",
        levels=alarm_above(1),
        width=4,
        height=4,
    )
    down = replace(
        firing,
        question="How many parts are away?",
        about="Parts that Prometheus cannot reach: backend, edge, exporters, Alertmanager, or Prometheus itself.",
        runbook="TargetDown",
        below="ledger",
    )
    return "Now", [
        number(postbacks, over_range(f"sum({answered('rate', '$__rate_interval')})")),
        number(refused, over_range(excess("client_error"))),
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
        about="Postbacks a second by verdict. A duplicate is a repeat, and a success; a conflict is among the refused, "
        "and so is what the edge refused of a source by itself.",
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
        layers(verdicts, over_range(f"sum by (verdict) ({answered('rate', '$__rate_interval')})", "{{verdict}}")),
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
        question="How much has each hour brought?",
        about="Payouts that stand as approved, by the hour in which their conversions were made, a line for each "
        "currency. The last hour is not over yet; what is approved later is added to its own. From the ledger, to the "
        "cent.",
        unit="locale",
        runbook="PayoutShift",
        below="finance",
        empty="nothing approved in this time",
        decimals=2,
    )
    rate = Ask(
        question="Which campaign converts at which rate?",
        about="Conversions for each click in the hour before. Above the dashed line it is hardly people: the alert "
        "asks for 20 clicks.",
        unit="percentunit",
        runbook="CampaignConversionRateAbnormal",
        below="campaigns",
        empty="no clicks in the last hour",
        levels=alarm_above(CONVERSION_RATE_LIMIT),
    )
    return "Money", [
        lines(conversions, over_range("sum by (status) (increase(postledger_conversions_total[1h]))", "{{status}}")),
        steps(revenue, series_of("approved_by_hour")),
        lines(rate, over_range(rate_of_conversions("campaign"), "{{campaign}}")),
    ]


def _attention() -> Row:
    alerts = Ask(
        question="What is firing?",
        about="Alerts that fire now. Without Watchdog alerting is broken, or AlertsSilenced fires.",
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
        about="Postbacks a second by source, refused ones too. A click on a line opens that source.",
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
            as_rows('max by (alertname, severity, source, campaign, slo) (ALERTS{alertstate="firing"})'),
            units={},
            hidden=["Value"],
        ),
        bars(reasons, at_the_end(f"topk(10, sort_desc(sum by (reason) ({refusals}) > 0))", "{{reason}}")),
        lines(
            sources, over_range(f"sum by (source) ({answered('rate', '$__rate_interval')})", "{{source}}")
        ).data_links([link_to_source()]),
    ]

"""What was promised, and the expressions that measure it; here once, because several dashboards ask the same.

The numbers are those of monitoring/prometheus/rules/thresholds.yml; a test compares them.
"""

AVAILABILITY = 0.9995
FASTNESS = 0.99
FAST_S = 0.1
CONVERSION_RATE_LIMIT = 0.5
CLIENT_ERROR_EXCESS = 0.2
DUPLICATE_EXCESS = 0.5
FLUSH_SLOW_S = 0.25
LEDGER_SILENT_S = 20
QUEUE_LIMIT = 0.25
CONNECTIONS_LIMIT = 0.8
POLICY_STALE_S = 60
PARKED_REVERSALS = 1
SOURCE_UNUSABLE = 1
OUTBOX_AGE_S = 60
PUBLICATIONS_AGE_S = 120
FORWARD_OFF = 3
DEAD_TASKS = 1
RATES_AGE_RATIO = 0.9
EXPORT_AGE_S = 3600
DISCREPANCY_AGE_S = 1_209_600
CERTIFICATE_DAYS, CERTIFICATE_LAST_DAYS = 14, 3
_KNOWN = 'source!="unknown"'


def budget_left(objective: str) -> str:
    """Measure what is left of 30 days' error budget, 1 untouched and below 0 overdrawn: `availability` or `latency`."""
    return f'slo:postledger_error_budget:left_ratio{{slo="{objective}"}}'


def edge_quantile(quantile: float, route: str = "postback") -> str:
    """Measure within which time that share of a route's requests is answered at the edge."""
    bucket = f'postledger_edge_request_duration_seconds_bucket{{route="{route}"}}'
    return f"histogram_quantile({quantile}, sum by (le) (rate({bucket}[$__rate_interval])))"


def answered(function: str, window: str, chosen: str = "", earlier: str = "") -> str:
    """Measure postbacks of all sources, or of the chosen one, also those that the edge refused by itself.

    What the edge refuses of strangers is left out: clicks and wrong addresses are counted with it.
    """
    kept_out = f"{function}(postledger_edge_refusals_total{{{chosen or _KNOWN}}}[{window}]{earlier})"
    return (
        f"{function}(postledger_postbacks_total{{{chosen}}}[{window}]{earlier})"
        f' or label_replace({kept_out}, "verdict", "refused", "", "")'
    )


def excess(kind: str, chosen: str = "") -> str:
    """Measure what `PostbackClientErrorSpike` or `DuplicateStorm` goes by, where it is most; 0 is as ever."""
    return f'clamp_min(max(source_kind:postledger_postbacks:excess5m{{kind="{kind}"{chosen}}}), 0)'


def rate_of_conversions(label: str, chosen: str = "") -> str:
    """Measure conversions for each click in the hour before; nothing where there was no click."""
    clicks = f"sum by ({label}) (increase(postledger_clicks_total{chosen}[1h]))"
    return f"sum by ({label}) (increase(postledger_conversions_opened_total{chosen}[1h])) / ({clicks} > 0)"

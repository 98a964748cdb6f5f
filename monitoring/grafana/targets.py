"""What was promised, and the expressions that measure it; here once, because several dashboards ask the same.

The promises are those of the alerts (docs/monitoring.md); a test compares the numbers with the rules'.
"""

AVAILABILITY = 0.9995
FASTNESS = 0.99
FAST_S = 0.1
CONVERSION_RATE_LIMIT = 0.5
CLIENT_ERROR_EXCESS = 0.2
FLUSH_SLOW_S = 0.25
LEDGER_SILENT_S = 20
QUEUE_LIMIT = 0.25
CONNECTIONS_LIMIT = 0.8
POLICY_STALE_S = 60
CERTIFICATE_DAYS, CERTIFICATE_LAST_DAYS = 14, 3
_WINDOW = "30d"


def budget_left(promise: str) -> str:
    """Measure what is left of 30 days' error budget, 1 untouched and below 0 overdrawn; `availability` or `latency`."""
    requests, durations = "postledger_edge_requests_total", "postledger_edge_request_duration_seconds"
    if promise == "availability":
        failed = f'sum(increase({requests}{{route="postback", status=~"5.."}}[{_WINDOW}]))'
        return f'1 - {failed} / sum(increase({requests}{{route="postback"}}[{_WINDOW}])) / {1 - AVAILABILITY:.4f}'
    fast = f'sum(increase({durations}_bucket{{route="postback", le="{FAST_S}"}}[{_WINDOW}]))'
    all_of_them = f'sum(increase({durations}_count{{route="postback"}}[{_WINDOW}]))'
    return f"1 - (1 - {fast} / {all_of_them}) / {1 - FASTNESS:.2f}"


def edge_quantile(quantile: float, route: str = "postback") -> str:
    """Measure within which time that share of a route's requests is answered at the edge."""
    bucket = f'postledger_edge_request_duration_seconds_bucket{{route="{route}"}}'
    return f"histogram_quantile({quantile}, sum by (le) (rate({bucket}[$__rate_interval])))"


def rate_of_conversions(label: str, chosen: str = "") -> str:
    """Measure conversions for each click in the hour before; nothing where there was no click."""
    clicks = f"sum by ({label}) (increase(postledger_clicks_total{chosen}[1h]))"
    return f"sum by ({label}) (increase(postledger_conversions_opened_total{chosen}[1h])) / ({clicks} > 0)"

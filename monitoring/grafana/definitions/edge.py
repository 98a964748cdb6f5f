"""The edge: connections and handshakes, what is refused at the door, and where the time goes."""

from grafana_foundation_sdk.models.dashboard import Dashboard

from monitoring.grafana.frame import Row, frame
from monitoring.grafana.levels import alarm_above, too_high, too_low
from monitoring.grafana.panels import Ask, bars, layers, lines, number
from monitoring.grafana.queries import at_the_end, over_range
from monitoring.grafana.targets import (
    CERTIFICATE_DAYS,
    CERTIFICATE_LAST_DAYS,
    FAST_S,
    POLICY_STALE_S,
    budget_left,
    edge_quantile,
)


def define() -> Dashboard:
    """Define the dashboard."""
    about = "Connections, TLS handshakes, what is refused at the door, and the backend's time against the whole."
    return frame("edge", about, [_now(), _door(), _time(), _connections()])


def _now() -> Row:
    requests = Ask(
        question="How many requests come in?",
        about="Requests of every route that the edge answered in a second.",
        unit="reqps",
        runbook="PostbackServerErrorSpike",
        below="ledger",
        width=6,
        height=4,
    )
    budget = Ask(
        question="What error budget is left?",
        about="Of 30 days; the Overview says what was promised.",
        unit="percentunit",
        runbook="ErrorBudgetBurn",
        empty="no traffic in 30 days",
        levels=too_low(0, 0.25),
        decimals=1,
        below="ledger",
        width=6,
        height=4,
    )
    policy = Ask(
        question="How old is the policy?",
        about="Since the backend last confirmed it. Beyond seconds, no change of allowlist or rate gets through; "
        "nothing is refused for that.",
        unit="s",
        runbook="EdgePolicyStale",
        levels=too_high(POLICY_STALE_S / 2, POLICY_STALE_S),
        decimals=1,
        below="ledger",
        width=6,
        height=4,
    )
    certificate = Ask(
        question="How long is the certificate good?",
        about="Days to the end of the one in use that ends first.",
        unit="d",
        runbook="CertificateExpiresSoon",
        levels=too_low(CERTIFICATE_LAST_DAYS, CERTIFICATE_DAYS),
        decimals=0,
        below="ledger",
        width=6,
        height=4,
    )
    ends = "min(postledger_edge_certificate_expiry_timestamp_seconds)"
    return "Now", [
        number(requests, over_range("sum(rate(postledger_edge_requests_total[$__rate_interval]))")),
        number(budget, at_the_end(budget_left("availability")), sparkline=False),
        number(policy, over_range("max(postledger_edge_policy_age_seconds)")),
        number(certificate, at_the_end(f"({ends} - time()) / 86400"), sparkline=False),
    ]


def _door() -> Row:
    answers = Ask(
        question="How do we answer?",
        about="Requests a second by HTTP status. A 5xx is ours, a 4xx the sender's, 499 one who hung up.",
        unit="reqps",
        runbook="PostbackServerErrorSpike",
        below="ledger",
    )
    refused = Ask(
        question="What is refused at the door?",
        about="Requests a second that the edge refused by itself, by reason, without asking the backend.",
        unit="reqps",
        runbook="PostbackClientErrorSpike",
        below="source",
        empty="nothing was refused at the door",
    )
    limits = Ask(
        question="Who meets a limit?",
        about="Refused for rate, address or certificate in this time, by source. unknown: the guard before "
        "everything else.",
        unit="locale",
        runbook="PostbackClientErrorSpike",
        below="source",
        empty="nobody was kept out in this time",
        decimals=0,
    )
    kept_out = 'postledger_edge_refusals_total{reason=~"rate_limited|ip_not_allowed|client_certificate"}[$__range]'
    return "At the door", [
        layers(
            answers,
            over_range("sum by (status) (rate(postledger_edge_requests_total[$__rate_interval])) > 0", "{{status}}"),
        ),
        lines(
            refused,
            over_range("sum by (reason) (rate(postledger_edge_refusals_total[$__rate_interval])) > 0", "{{reason}}"),
        ),
        bars(
            limits,
            at_the_end(
                f"topk(10, sort_desc(sum by (source, reason) (increase({kept_out})) > 0))", "{{source}} {{reason}}"
            ),
        ),
    ]


def _time() -> Row:
    wait = Ask(
        question="How long does a sender wait?",
        about="Half, 95 % and 99 % of postbacks are answered within this time, from the request's first byte to the "
        "answer's last. The dashed line is the promise.",
        unit="s",
        runbook="ErrorBudgetBurn",
        below="ledger",
        levels=alarm_above(FAST_S),
    )
    shares = Ask(
        question="Where does the time go?",
        about="Mean time of a postback: the whole at the edge, and how much of it the backend took. What lies "
        "between is the network's, TLS' and nginx' own.",
        unit="s",
        runbook="ErrorBudgetBurn",
        below="ledger",
    )
    routes = Ask(
        question="Which route is slow?",
        about="95 % of a route's requests are answered within this time.",
        unit="s",
        runbook="ErrorBudgetBurn",
        below="ledger",
    )
    quantiles = [over_range(edge_quantile(q), f"p{q * 100:g}") for q in (0.5, 0.95, 0.99)]
    by_route = "sum by (route, le) (rate(postledger_edge_request_duration_seconds_bucket[$__rate_interval]))"
    return "Time", [
        lines(wait, *quantiles),
        lines(
            shares, over_range(_mean("request"), "at the edge"), over_range(_mean("upstream"), "of it in the backend")
        ),
        lines(routes, over_range(f"histogram_quantile(0.95, {by_route})", "{{route}}")),
    ]


def _mean(what: str) -> str:
    # Of every postback at the edge: those that it refuses by itself cost the backend nothing.
    count = 'sum(rate(postledger_edge_request_duration_seconds_count{route="postback"}[$__rate_interval]))'
    return f'sum(rate(postledger_edge_{what}_duration_seconds_sum{{route="postback"}}[$__rate_interval])) / {count}'


def _connections() -> Row:
    open_now = Ask(
        question="What do connections do?",
        about="Connections at this moment: waiting for a next request, sending one, or taking an answer.",
        unit="locale",
        runbook="PostbackServerErrorSpike",
        below="ledger",
        width=6,
        decimals=0,
    )
    arriving = Ask(
        question="How many connections come in?",
        about="Accepted in a second, and those of them that nginx could not handle: it was out of connections.",
        unit="ops",
        runbook="PostbackServerErrorSpike",
        below="ledger",
        width=6,
        colors={"not handled": "red"},
    )
    handshakes = Ask(
        question="How many TLS handshakes?",
        about="Connections a second on which a request came, by TLS version: full handshakes, and resumed ones, "
        "which cost hardly anything. A sender that never resumes pays with every request.",
        unit="ops",
        runbook="PostbackServerErrorSpike",
        below="ledger",
        width=6,
    )
    evictions = Ask(
        question="Is a dictionary full?",
        about="Entries that were pushed out before their time. quota: an address starts with a full burst; metrics: "
        "a count was lost.",
        unit="locale",
        runbook="EdgePolicyStale",
        below="ledger",
        width=6,
        levels=alarm_above(1),
        decimals=0,
    )
    accepted, handled = (f"sum(rate(nginx_connections_{what}[$__rate_interval]))" for what in ("accepted", "handled"))
    tls = "sum by (version, handshake) (rate(postledger_edge_tls_connections_total[$__rate_interval]))"
    return "Connections", [
        layers(open_now, over_range("sum by (state) (postledger_edge_connections)", "{{state}}")),
        lines(
            arriving,
            over_range(accepted, "accepted"),
            over_range(f"{accepted} - {handled}", "not handled"),
        ),
        lines(handshakes, over_range(tls, "{{version}} {{handshake}}")),
        bars(
            evictions,
            at_the_end(
                "sum by (dictionary) (increase(postledger_edge_dictionary_evictions_total[$__range]))", "{{dictionary}}"
            ),
        ),
    ]

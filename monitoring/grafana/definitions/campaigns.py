"""Campaigns: clicks in, conversions out, what they pay, and the affiliates whose numbers no honest traffic makes."""

from dataclasses import replace

from grafana_foundation_sdk.models.dashboard import Dashboard

from monitoring.grafana.frame import Row, choose_label, frame
from monitoring.grafana.levels import alarm_above, too_high
from monitoring.grafana.panels import STATUS_COLORS, Ask, layers, lines, rows
from monitoring.grafana.queries import over_range, rows_of, series_of
from monitoring.grafana.targets import CONVERSION_RATE_LIMIT, rate_of_conversions

_CHOSEN = '{campaign=~"$campaign"}'


def define() -> Dashboard:
    """Define the dashboard."""
    about = "Campaigns: clicks, conversions, the rate against the line of 50 %, payouts, and affiliates that stand out."
    chosen = choose_label("campaign", "postledger_clicks_total", many=True)
    return frame("campaigns", about, [_rates(), _money(), _affiliates()], chosen)


def _rates() -> Row:
    clicks = Ask(
        question="How many clicks in an hour?",
        about="Clicks that were recorded in the hour before, by campaign.",
        unit="locale",
        runbook="CampaignConversionRateAbnormal",
        below="source",
        decimals=0,
    )
    conversions = replace(
        clicks,
        question="How many conversions in an hour?",
        about="New conversions in the hour before, by campaign, each counted once. Those of imported clicks are a line "
        "of their own, as rates know nothing of them. `unknown`: their click belongs to no campaign of ours.",
    )
    rate = Ask(
        question="Which campaign converts too well?",
        about="Conversions for each click in the hour before. The dashed line is where the alert stands; it asks "
        "for at least 20 clicks.",
        unit="percentunit",
        runbook="CampaignConversionRateAbnormal",
        below="source",
        empty="no clicks in the last hour",
        levels=alarm_above(CONVERSION_RATE_LIMIT),
    )
    return "Clicks and conversions", [
        lines(
            clicks, over_range(f"sum by (campaign) (increase(postledger_clicks_total{_CHOSEN}[1h]))", "{{campaign}}")
        ),
        lines(
            conversions,
            over_range(
                f"sum by (campaign) (increase(postledger_conversions_opened_total{_CHOSEN}[1h]))", "{{campaign}}"
            ),
            over_range(
                f"sum by (campaign) (increase(postledger_conversions_of_imported_clicks_total{_CHOSEN}[1h])) > 0",
                "{{campaign}}, imported",
            ),
        ),
        lines(rate, over_range(rate_of_conversions("campaign", _CHOSEN), "{{campaign}}")),
    ]


def _money() -> Row:
    books = Ask(
        question="What did each campaign bring?",
        about="From the ledger, for this time: clicks, imported ones too, the conversions they led to, and the payouts "
        "that stand as approved, each currency by itself.",
        unit="short",
        runbook="CampaignConversionRateAbnormal",
        below="source",
        empty="no click and no conversion in this time",
    )
    mean = Ask(
        question="What does a conversion pay?",
        about="Mean payout by campaign and currency, by the hour in which the conversion was made.",
        unit="locale",
        runbook="PayoutShift",
        below="source",
        empty="no payout in this time",
        decimals=2,
    )
    mix = Ask(
        question="What becomes of conversions?",
        about="Statuses that were reached in the hour before, as shares. More rejected or reversed than usual: talk "
        "to the network.",
        unit="percentunit",
        runbook="StatusMixShift",
        below="source",
        empty="no conversion in the last hour",
        colors=STATUS_COLORS,
    )
    reached = f"increase(postledger_conversions_total{_CHOSEN}[1h])"
    return "Money", [
        rows(
            books,
            rows_of("campaign_books"),
            units={"clicks": "locale", "conversions": "locale", "rate": "percentunit"},
        ),
        lines(mean, series_of("mean_payout_by_campaign")),
        layers(
            mix,
            over_range(f"sum by (status) ({reached}) / scalar(sum({reached}) > 0)", "{{status}}"),
        ),
    ]


def _affiliates() -> Row:
    anomalies = Ask(
        question="Which affiliates stand out?",
        about="Affiliates with at least 20 clicks in this time, by how far their rate is from their campaign's, in "
        "standard deviations: beyond 3 it is hardly chance, beyond 5 it is none. Many clicks without "
        "conversions stand out below.",
        unit="short",
        runbook="CampaignConversionRateAbnormal",
        below="source",
        empty="no affiliate with 20 clicks in this time",
        levels=too_high(3, 5),
        width=24,
        height=9,
    )
    return "Affiliates", [
        rows(
            anomalies,
            rows_of("affiliate_anomalies"),
            units={
                "clicks": "locale",
                "conversions": "locale",
                "rate": "percentunit",
                "campaign's rate": "percentunit",
                "deviation": "short",
            },
        )
    ]

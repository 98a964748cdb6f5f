"""Where a panel leads: the runbook of the alert that its numbers raise, and the dashboard that shows more.

Both are built from names alone; a test holds each name against the file that it means.
"""

from grafana_foundation_sdk.builders.dashboard import DashboardLink
from grafana_foundation_sdk.models.dashboard import DashboardLinkType

TITLES = {
    "overview": "Overview",
    "source": "Source",
    "campaigns": "Campaigns",
    "ledger": "Ledger",
    "edge": "Edge",
    "finance": "Finance",
}
"""The dashboards by the name of their file, from the wall down."""


def uid_of(name: str) -> str:
    """Name a dashboard as Grafana does in its addresses."""
    return f"postledger-{name}"


def link_to_runbook(alert: str) -> DashboardLink:
    """Link to what to do when the alert of that name fires; `$runbooks` is an address, and stays one."""
    link = DashboardLink(f"Runbook: {alert}").type(DashboardLinkType.LINK).target_blank(True)
    return link.url(f"${{runbooks:raw}}/{alert}.md")


def link_to_dashboard(name: str) -> DashboardLink:
    """Link to a dashboard, which takes over time range and variables."""
    link = DashboardLink(f"More: {TITLES[name]}").type(DashboardLinkType.LINK)
    return link.url(f"/d/{uid_of(name)}").include_vars(True).keep_time(True)


def link_to_source() -> DashboardLink:
    """Link from a series to the dashboard of the source that it is labelled with."""
    link = DashboardLink("Look at ${__field.labels.source}")
    return link.url(f"/d/{uid_of('source')}?var-source=${{__field.labels.source}}&${{__url_time_range}}")

"""Writes the dashboards as Grafana reads them: `python -m monitoring.grafana` after a change of their definitions.

The files are committed, because a Grafana that is provisioned from them has no Python; a test holds them against this.
"""

import json
from pathlib import Path

from grafana_foundation_sdk.models.dashboard import Dashboard

from monitoring.grafana.definitions import campaigns, edge, finance, ledger, overview, source
from monitoring.grafana.frame import JSONEncoder

FOLDER = Path(__file__).parent / "dashboards"
DEFINITIONS = {
    "overview": overview.define,
    "source": source.define,
    "campaigns": campaigns.define,
    "ledger": ledger.define,
    "edge": edge.define,
    "finance": finance.define,
}


def render(dashboard: Dashboard) -> str:
    """Give a dashboard's JSON, the same for the same dashboard."""
    return json.dumps(dashboard, cls=JSONEncoder, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def main() -> None:
    """Write every dashboard into its file."""
    for name, define in DEFINITIONS.items():
        (FOLDER / f"{name}.json").write_text(render(define()), "utf-8")


if __name__ == "__main__":
    main()

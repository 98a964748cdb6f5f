"""`make dashboards-preview`: draws every dashboard from a live Prometheus and a live ledger, where there is no Grafana.

python -m monitoring.preview --since 6h --source acme --into var/dashboards
"""

import argparse
import os
import re
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from monitoring.preview.asking import Asker, QueryFailed
from monitoring.preview.page import draw_page
from monitoring.preview.reading import Dashboard, list_dashboards, read_dashboard

_SECONDS = {"m": 60, "h": 3600, "d": 86_400}
_STEPS = 240


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw them and say where they are."""
    options = _read_options(arguments)
    options.into.mkdir(parents=True, exist_ok=True)
    end_s = time.time()
    for name in list_dashboards():
        dashboard = read_dashboard(name)
        asker = _make_asker(options.since or _read_span(dashboard.span), end_s)
        file = options.into / f"{name}.png"
        draw_page(dashboard, _choose(dashboard, asker, options.source)).save(file)
        print(file)


def _choose(dashboard: Dashboard, asker: Asker, source: str) -> Asker:
    """Choose what a viewer would: the source that was named, or the busiest one; and all campaigns."""
    chosen = {one["name"]: ".*" if one["multi"] else _busiest(asker, one["query"]) for one in dashboard.choices}
    if source and "source" in chosen:
        chosen["source"] = source
    return replace(asker, variables=chosen)


def _busiest(asker: Asker, query: str) -> str:
    return next(iter(asker.choose(query)), "")


def _make_asker(span_s: int, end_s: float) -> Asker:
    return Asker(
        prometheus_url=_require("PROMETHEUS_URL"),
        prometheus_password=_find_password(),
        ledger_url=_require("POSTLEDGER_READER_URL"),
        start_s=end_s - span_s,
        end_s=end_s,
        step_s=max(5, span_s // _STEPS),
        scrape_interval_s=5,
    )


def _find_password() -> tuple[str, str] | None:
    user, password = os.environ.get("PROMETHEUS_USER"), os.environ.get("PROMETHEUS_PASSWORD")
    return (user, password) if user and password else None


def _read_options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="dashboards-preview", description="Draws the dashboards as PNG files.")
    parser.add_argument("--since", type=_read_span, help="how far back: 30m, 1h, 7d (default: as each page does)")
    parser.add_argument("--source", default="", help="the source of the page Source (default: the busiest)")
    parser.add_argument("--into", type=Path, default=Path("var/dashboards"), help="folder (default: var/dashboards)")
    return parser.parse_args(arguments)


def _read_span(text: str) -> int:
    match = re.fullmatch(r"([1-9][0-9]{0,3})([mhd])", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text} is not a number of minutes, hours or days, such as 30m")
    return int(match[1]) * _SECONDS[match[2]]


def _require(name: str) -> str:
    if value := os.environ.get(name):
        return value
    sys.exit(f"dashboards-preview: {name} is not set; run make up, which writes it to var/runtime.env")


if __name__ == "__main__":
    try:
        main()
    except (QueryFailed, OSError) as error:
        sys.exit(f"dashboards-preview: {type(error).__name__}: {error}")

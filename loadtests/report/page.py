"""The report: one HTML file that opens from disk and makes no request."""

import tomllib
from collections.abc import Sequence
from pathlib import Path

import msgspec
from jinja2 import Environment, FileSystemLoader

from loadtests.acks import CLICK, POSTBACK
from loadtests.history import Run, by_second
from loadtests.judge import other_cores
from loadtests.lost import lost_by_rule
from loadtests.report.plots import COLOURS, Plot, draw
from loadtests.report.summary import figures
from loadtests.result import Result
from loadtests.verify import print_lines

HERE = Path(__file__).parent
SLOWEST = 20
SHOWN = ("p50", "p95", "p99", "max")
SENDERS = Path(__file__).parents[1] / "senders.toml"


def write_report(path: Path, result: Result) -> None:
    """Write the report of a run."""
    templates = Environment(loader=FileSystemLoader(HERE), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    run, compared = result.run, result.options.compare
    path.write_text(
        templates.get_template("page.html").render(
            settings=result.settings,
            run=run,
            judgement=result.judgement,
            plots=[(plot, draw(plot, run.marks, run.start_s)) for plot in list_plots(by_second(run))],
            figures=_compare(figures(run), compared),
            verification=print_lines(result.verification),
            slowest=_slowest(run),
            rules=_rules(run),
            others=other_cores(run),
            compared=compared,
        )
    )


def list_plots(rows: Sequence[dict[str, float]]) -> list[Plot]:
    """All plots of a run, each from some of the columns of its history."""
    return [
        Plot("Requests due and done", "/s", {name: _column(rows, name) for name in ("due", "done")}),
        Plot(
            "Latency from when a request was due",
            "ms",
            {name: _column(rows, f"{name}_due_ms") for name in SHOWN},
        ),
        Plot(
            "Latency from when it was sent",
            "ms",
            {name: _column(rows, f"{name}_sent_ms") for name in SHOWN},
        ),
        Plot("Verdicts and reasons", "/s", _prefixed(rows, "said ", 0)),
        Plot("Processor time", "cores", _largest(_prefixed(rows, "cores "))),
        Plot("Private memory", "MiB", _largest(_prefixed(rows, "MiB "))),
        Plot("Rows in a group commit", "rows", {"rows": _column(rows, "rows a flush")}),
        Plot("Time of a group commit", "ms", {"mean": _column(rows, "flush ms")}),
        Plot("Requests that wait for the writer", "", {"waiting": _column(rows, "queue")}),
        Plot("Connections of the edge", "", {"open": _column(rows, "connections")}),
    ]


def _column(rows: Sequence[dict[str, float]], name: str, missing: float | None = None) -> list[float | None]:
    return [row.get(name, missing) for row in rows]


def _prefixed(
    rows: Sequence[dict[str, float]], prefix: str, missing: float | None = None
) -> dict[str, list[float | None]]:
    names = dict.fromkeys(name for row in rows for name in row if name.startswith(prefix))
    return {name.removeprefix(prefix): _column(rows, name, missing) for name in names}


def _largest(series: dict[str, list[float | None]]) -> dict[str, list[float | None]]:
    """The largest series, as many as there are colours."""
    names = sorted(series, key=lambda name: max(value or 0.0 for value in series[name]), reverse=True)
    return {name: series[name] for name in names[:COLOURS]}


def _compare(now: dict[str, float], other: Path | None) -> list[tuple[str, float, float | None]]:
    before = msgspec.json.decode(other.read_bytes())["figures"] if other else {}
    return [(name, value, before.get(name)) for name, value in now.items()]


def _slowest(run: Run) -> list[tuple[str, float, float, float, str]]:
    honest = [ack for ack in run.acks if ack.kind in (POSTBACK, CLICK)]
    slowest = sorted(honest, key=lambda ack: ack.sent + ack.took - ack.due, reverse=True)[:SLOWEST]
    return [
        (
            ack.receipt,
            ack.due - run.start_s,
            (ack.sent + ack.took - ack.due) * 1000,
            ack.took * 1000,
            ack.reason or ack.said,
        )
        for ack in slowest
    ]


def _rules(run: Run) -> dict[str, dict[str, int]]:
    """What each network of `senders.toml` sent and lost; empty when none of them took part."""
    known = tomllib.loads(SENDERS.read_text())
    return {name: counts for name, counts in lost_by_rule(run.honest()).items() if name in known}

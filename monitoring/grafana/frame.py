"""What every dashboard has around its panels: variables, links to its sisters, and the marks of what was changed.

Apart from the panels because here is the one place that knows data sources by their provisioned names.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.builders import dashboard as parts
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as models

from monitoring.grafana.links import TITLES, uid_of
from monitoring.grafana.panels import Panel
from monitoring.grafana.queries import LEDGER, PROMETHEUS

RUNBOOKS = 'label_values(ALERTS{alertname="Watchdog"}, runbooks)'
_TAG = "postledger"
_CHANGES = (
    ("Policy changed", "changes(postledger_edge_policy_version[1m]) > 0", "blue"),
    ("Backend started", "changes(postledger_backend_start_timestamp_seconds[1m]) > 0", "purple"),
)

__all__ = ["JSONEncoder", "Row", "Times", "frame"]

Row = tuple[str, Sequence[Panel]]


@dataclass(frozen=True, slots=True)
class Times:
    """How far back a dashboard looks until it is told otherwise, and how often it looks anew."""

    span: str
    refresh: str


_LATELY = Times(span="6h", refresh="1m")


def frame(
    name: str, about: str, rows: Sequence[Row], *variables: parts.QueryVariable, times: Times = _LATELY
) -> models.Dashboard:
    """Put a dashboard together from rows of panels, each under its heading."""
    board = parts.Dashboard(f"Postledger · {TITLES[name]}").uid(uid_of(name)).description(about).tags([_TAG])
    board = board.time(f"now-{times.span}", "now").refresh(times.refresh).timezone("browser").readonly()
    board = board.tooltip(models.DashboardCursorSync.CROSSHAIR).link(_sisters())
    for variable in (*_sources(), *variables):
        board = board.with_variable(variable)
    for change in _CHANGES:
        board = board.annotation(_mark(*change))
    for heading, panels in rows:
        board = board.with_row(parts.Row(heading))
        for panel in panels:
            board = board.with_panel(panel)
    return _numbered(board.build())


def choose_label(name: str, metric: str, *, many: bool = False) -> parts.QueryVariable:
    """Let the viewer choose a value, or several, of a label; `unknown` is what belongs to none of ours."""
    variable = parts.QueryVariable(name).label(name.capitalize()).datasource(PROMETHEUS)
    variable = variable.query(f"label_values({metric}, {name})").refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
    variable = variable.sort(models.VariableSort.ALPHABETICAL_ASC)
    return variable.multi(True).include_all(True).all_value(".*") if many else variable


def _sources() -> tuple[parts.DatasourceVariable, parts.DatasourceVariable, parts.QueryVariable]:
    prometheus = parts.DatasourceVariable("prometheus").label("Prometheus").type(str(PROMETHEUS.type_val))
    ledger = parts.DatasourceVariable("ledger").label("Ledger").type(str(LEDGER.type_val))
    # Told by the alert that is always on, so that these links lead where those of alerts do: POSTLEDGER_RUNBOOKS_URL.
    runbooks = parts.QueryVariable("runbooks").label("Runbooks").datasource(PROMETHEUS)
    runbooks = runbooks.query(RUNBOOKS).refresh(models.VariableRefresh.ON_DASHBOARD_LOAD)
    return (
        prometheus.current(models.VariableOption(text="Postledger Prometheus", value="postledger-prometheus")),
        ledger.current(models.VariableOption(text="Postledger Ledger", value="postledger-ledger")),
        runbooks.hide(models.VariableHide.HIDE_VARIABLE),
    )


def _sisters() -> parts.DashboardLink:
    link = parts.DashboardLink("Postledger").type(models.DashboardLinkType.DASHBOARDS).tags([_TAG])
    return link.as_dropdown(False).keep_time(True).include_vars(True)


def _mark(name: str, expression: str, color: str) -> parts.AnnotationQuery:
    return parts.AnnotationQuery().name(name).datasource(PROMETHEUS).expr(expression).icon_color(color).enable(True)


def _numbered(board: models.Dashboard) -> models.Dashboard:
    # Addresses of single panels hold their number, so it must be the same wherever the file is read.
    for number, panel in enumerate(board.panels or [], start=1):
        panel.id_val = number
        for letter, target in zip("ABCDEFGH", getattr(panel, "targets", None) or [], strict=False):
            target.ref_id = letter
    return board

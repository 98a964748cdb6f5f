"""What panels ask: PromQL for counts and times, SQL for money, which no metric may hold.

Both name their data source by a variable of the dashboard, so that one file serves every Grafana.
"""

from pathlib import Path
from typing import Any

from grafana_foundation_sdk.builders import prometheus as builders
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models.dashboard import DataSourceRef
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

PROMETHEUS = DataSourceRef(type_val="prometheus", uid="${prometheus}")
LEDGER = DataSourceRef(type_val="grafana-postgresql-datasource", uid="${ledger}")
_SQL = Path(__file__).parent / "sql"


class LedgerQuery(Dataquery):
    """A query of Grafana's Postgres data source, in the JSON that it reads; the SDK has no class for it."""

    def __init__(self, statement: str, form: str) -> None:
        self.statement, self.form, self.ref_id = statement, form, ""

    def to_json(self) -> dict[str, Any]:
        """Give the target as Grafana stores it."""
        return {
            "datasource": LEDGER.to_json(),
            "editorMode": "code",
            "format": self.form,
            "rawQuery": True,
            "rawSql": self.statement,
            "refId": self.ref_id,
        }


class _Ready(Builder[Dataquery]):
    def __init__(self, query: Dataquery) -> None:
        self._query = query

    def build(self) -> Dataquery:
        return self._query


def over_range(expression: str, legend: str = "") -> builders.Dataquery:
    """Ask Prometheus for each step of the dashboard's time range; `legend` may name labels as `{{label}}`."""
    return _ask(expression).range().legend_format(legend)


def at_the_end(expression: str, legend: str = "") -> builders.Dataquery:
    """Ask Prometheus once, for the end of the time range."""
    return _ask(expression).instant().legend_format(legend)


def as_rows(expression: str) -> builders.Dataquery:
    """Ask Prometheus once and take labels as columns."""
    return _ask(expression).instant().format(PromQueryFormat.TABLE)


def rows_of(name: str) -> Builder[Dataquery]:
    """Ask the ledger for a table, by the statement in `sql/NAME.sql`."""
    return _Ready(LedgerQuery(_read(name), "table"))


def series_of(name: str) -> Builder[Dataquery]:
    """Ask the ledger for series: the statement's columns are `time`, `metric` (the legend) and `value`."""
    return _Ready(LedgerQuery(_read(name), "time_series"))


def _ask(expression: str) -> builders.Dataquery:
    return builders.Dataquery().expr(" ".join(expression.split())).datasource(PROMETHEUS)


def _read(name: str) -> str:
    return (_SQL / f"{name}.sql").read_text("utf-8").strip()

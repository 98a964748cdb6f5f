"""Asks a panel's queries as Grafana does: variables and macros filled in, Prometheus over HTTP, the ledger over SQL.

Apart from the drawing because the tests ask the same queries and draw nothing.
"""

import math
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any

import httpx
import psycopg

_TIMEOUT_S = 30
_TIME_FILTER = re.compile(r"\$__timeFilter\(([^)]+)\)")
_LABEL = re.compile(r"{{\s*(\w+)\s*}}")


class QueryFailed(Exception):
    """A data source refused a query; the message is its own."""


@dataclass(frozen=True, slots=True)
class Series:
    """A line: its name in the legend, moments in unix seconds, and values."""

    name: str
    times_s: list[float]
    values: list[float]
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rows:
    """A table."""

    columns: list[str]
    rows: list[tuple[Any, ...]]


Answer = list[Series] | Rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Two data sources and a time range in unix seconds; `variables` are what a viewer would have chosen."""

    prometheus_url: str
    prometheus_password: tuple[str, str] | None
    """User and password; None for a Prometheus without."""
    ledger_url: str
    start_s: float
    end_s: float
    step_s: int
    scrape_interval_s: int
    variables: Mapping[str, str] = field(default_factory=dict)

    def ask(self, target: Mapping[str, Any]) -> Answer:
        """Ask one query of a panel; raises `QueryFailed`."""
        if "rawSql" in target:
            return self._ask_ledger(target["rawSql"], target["format"])
        if target.get("format") == "table":
            return _as_rows(self._ask_now(self.fill(target["expr"])))
        found = self._ask_now(self.fill(target["expr"])) if target.get("instant") else self.ask_range(target["expr"])
        return [_named(series, target.get("legendFormat", "")) for series in found]

    def ask_range(self, expression: str) -> list[Series]:
        """Ask Prometheus for each step of the time range."""
        span = {"start": self.start_s, "end": self.end_s, "step": self.step_s}
        return [
            _read_matrix(one) for one in self._get("query_range", {"query": self.fill(expression), **span})["result"]
        ]

    def choose(self, query: str) -> list[str]:
        """List what a variable of the kind `label_values(metric, label)` offers, the busiest first."""
        metric, label = re.fullmatch(r"label_values\((\w+), (\w+)\)", query).groups()  # type: ignore[union-attr]
        busiest = self._ask_now(f"sort_desc(sum by ({label}) (increase({metric}[{self._span_s()}s])))")
        return [series.labels[label] for series in busiest]

    def fill(self, text: str) -> str:
        """Fill variables and macros in."""
        values = {
            "__rate_interval": f"{max(self.step_s + self.scrape_interval_s, 4 * self.scrape_interval_s)}s",
            "__interval": f"{self.step_s}s",
            "__range": f"{self._span_s()}s",
            **self.variables,
        }
        text = text.replace("$__timeFrom()", _moment(self.start_s)).replace("$__timeTo()", _moment(self.end_s))
        text = _TIME_FILTER.sub(rf"\1 BETWEEN {_moment(self.start_s)} AND {_moment(self.end_s)}", text)
        for name, value in values.items():
            text = text.replace(f"${{{name}:sqlstring}}", _quoted(value)).replace(f"${name}", value)
        return text

    def _span_s(self) -> int:
        return math.ceil(self.end_s - self.start_s)

    def _ask_now(self, expression: str) -> list[Series]:
        return [_read_vector(one) for one in self._get("query", {"query": expression, "time": self.end_s})["result"]]

    def _get(self, what: str, parameters: Mapping[str, Any]) -> Any:
        answer = httpx.get(
            f"{self.prometheus_url}/api/v1/{what}",
            params=dict(parameters),
            auth=self.prometheus_password,
            timeout=_TIMEOUT_S,
            verify=_read_certificates(),
        )
        if answer.status_code != 200:
            raise QueryFailed(f"{answer.status_code}: {answer.text}")
        return answer.json()["data"]

    def _ask_ledger(self, statement: str, form: str) -> Answer:
        try:
            with psycopg.connect(self.ledger_url, autocommit=True, options="-c timezone=UTC") as connection:
                found = connection.execute(self.fill(statement).encode())
                rows = Rows([column.name for column in found.description or ()], found.fetchall())
        except psycopg.Error as error:
            raise QueryFailed(str(error)) from error
        return _as_series(rows) if form == "time_series" else rows


@cache
def _read_certificates() -> ssl.SSLContext:
    """Read what the system trusts once: it takes 30 ms, and a page has 30 queries."""
    return httpx.create_ssl_context()


def _read_matrix(one: Mapping[str, Any]) -> Series:
    return Series(
        "", [moment for moment, _ in one["values"]], [float(value) for _, value in one["values"]], one["metric"]
    )


def _read_vector(one: Mapping[str, Any]) -> Series:
    moment, value = one["value"]
    return Series("", [moment], [float(value)], one["metric"])


def _named(series: Series, legend: str) -> Series:
    name = _LABEL.sub(lambda label: series.labels.get(label[1], ""), legend)
    return Series(name, series.times_s, series.values, series.labels)


def _as_rows(found: list[Series]) -> Rows:
    columns = sorted({label for series in found for label in series.labels})
    return Rows(
        [*columns, "Value"],
        [(*(series.labels.get(label, "") for label in columns), series.values[-1]) for series in found],
    )


def _as_series(rows: Rows) -> list[Series]:
    assert rows.columns == ["time", "metric", "value"], "a query of series gives these columns"
    names = dict.fromkeys(str(metric) for _, metric, _ in rows.rows)
    return [
        Series(
            name,
            [moment.timestamp() for moment, metric, _ in rows.rows if str(metric) == name],
            [float(value) for _, metric, value in rows.rows if str(metric) == name],
        )
        for name in names
    ]


def _moment(unix_s: float) -> str:
    return f"timestamptz '{datetime.fromtimestamp(unix_s, UTC).isoformat()}'"


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"

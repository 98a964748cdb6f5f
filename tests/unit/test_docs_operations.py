"""docs/operations.md names every metric and every field of the access log, and no other."""

import re

from postledger.http.request_log_event import Answered
from tests.parts.documents import ROOT, list_code, list_rows, read_document, read_section

DOCUMENT = read_document("docs/operations.md")
_BACKEND = re.compile(r'(Counter|Gauge|Histogram)\(\s*"(postledger_\w+)"')
METRICS = (
    "metrics.py", "click_counters.py", "postback_counters.py", "gauges.py", "worker_metrics.py", "worker_gauges.py",
    "sandbox_metrics.py", "console_metrics.py", "approval_gauges.py", "audit_gauges.py", "export_metrics.py",
    "notification_metrics.py", "month_end_metrics.py",
)  # fmt: skip
_EDGE = re.compile(r'"(postledger_edge_\w+)"')
_FIELD = re.compile(r'"(\w+)":')


def _first_cells(heading: str) -> list[str]:
    return [name for row in list_rows(read_section(DOCUMENT, heading)) for name in list_code(row[0])]


def test_every_metric_is_documented() -> None:
    package = ROOT / "backend/postledger/metrics"
    backend = "".join((package / name).read_text("utf-8") for name in METRICS)
    modules = ROOT / "edge/lua/postledger"
    edge = "".join((modules / name).read_text("utf-8") for name in ("traffic.lua", "condition.lua"))
    counted = {name + ("_total" if kind == "Counter" else "") for kind, name in _BACKEND.findall(backend)}

    documented = _first_cells("Metrics")

    assert len(documented) == len(set(documented))
    assert set(documented) == counted | set(_EDGE.findall(edge))


def test_every_field_of_the_request_log_is_documented_in_its_order() -> None:
    assert _first_cells("The request log") == list(Answered.__struct_fields__)


def test_every_field_of_the_access_log_is_documented_in_its_order() -> None:
    shipped = (ROOT / "edge/snippets/logging.conf").read_text("utf-8")
    line = shipped[shipped.index("log_format edge") :]

    assert _first_cells("The access log") == _FIELD.findall(line[: line.index(";")])

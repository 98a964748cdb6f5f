"""Every query of every panel, asked of a live Prometheus and a live ledger that have seen a mixture of everything.

A dashboard that shows nothing when it is needed is worse than none; so an empty answer fails, and so does an error.
"""

import json
import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import httpx
import psycopg
import pytest
from PIL import Image, ImageColor
from psycopg.conninfo import conninfo_to_dict

from monitoring.preview.__main__ import main as preview
from monitoring.preview.asking import Asker, Rows
from monitoring.preview.reading import FOLDER, list_dashboards, read_dashboard
from monitoring.preview.style import BOX, GROUND, HEADER, MARGIN, PAGE_WIDTH, UNIT_HEIGHT
from tests.parts.backend import Backend
from tests.parts.cli import CommandLine
from tests.parts.credentials import CREDENTIAL_VARIABLES, CREDENTIALS
from tests.parts.databases import create_database, drop_database
from tests.parts.edge import Edge
from tests.parts.mixture import IMPORTED_CLICKS, Mixture
from tests.parts.month_end_rows import add_item, add_run, add_statement
from tests.parts.part import ANSWER_WITHIN_S
from tests.parts.postgres import Postgres
from tests.parts.sources import add_campaign
from tests.parts.waiting import wait_until
from tests.parts.watch import RUNBOOKS_URL, SCRAPE_INTERVAL_S, Watch
from tests.parts.worker import Worker

ROOT = Path(__file__).parents[2]
WEEK_S = 7 * 86_400
VISITS_A_ROUND = 6
ROUNDS = 22  # more than the twenty clicks of an affiliate below which no rate is judged
CHOSEN = {"source": "acme", "campaign": ".*"}
# A source that is observed, and one that is kept out, say what an ordinary one cannot.
CHOSEN_OTHERWISE = {
    "Would be refused, if enforced?": {"source": "newcomer"},
    "Who is kept out at the edge?": {"source": "guarded"},
}
TARGETS = [
    pytest.param(name, panel.title, number, id=f"{name}: {panel.title} {number}")
    for name in list_dashboards()
    for panel in read_dashboard(name).panels
    for number in range(len(panel.targets))
]


@pytest.fixture(scope="module")
def ledger(postgres: Postgres, template: str) -> Iterator[str]:
    """The URL of a ledger, as its owner."""
    url = create_database(postgres, template=template)
    yield url
    drop_database(postgres, url)


@pytest.fixture(scope="module")
def asker(
    ledger: str, postgres: Postgres, master_key: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Asker]:
    """Whom to ask after the mixture has passed, a policy was changed, and the backend was started anew."""
    environment = {"DATABASE_URL": ledger, "POSTLEDGER_MASTER_KEY": master_key}
    directory = tmp_path_factory.mktemp("home")
    _prepare(environment, directory)
    name = str(conninfo_to_dict(ledger)["dbname"])
    with (
        Backend(environment) as backend,
        Worker(environment) as worker,
        Edge(backend_socket=backend.socket, environment=_UNGUARDED) as edge,
    ):
        _send(edge, rounds=1)
        monitor, history = postgres.url(name, "postledger_monitor"), _remember(backend)
        with Watch(edge.ops_port, worker.port, monitor, history=history) as watch:
            start_s = time.time() - 10
            _send(edge, rounds=ROUNDS)
            wait_until(lambda: (watch.ask(_VISITS) or 0) >= VISITS_A_ROUND * ROUNDS, what="all that came before")
            backend.stop()
            restarted_s = time.time()
            backend.start()
            add_campaign(ledger, "winter")
            backend.wait_for_source("acme")
            _send(edge, rounds=1)
            wait_until(lambda: (watch.ask(_STARTED) or 0) > restarted_s, what="the new backend")
            wait_until(lambda: watch.ask(_ANSWERED) is not None, what="the new backend's first answers")
            _send(edge, rounds=2)
            wait_until(lambda: (watch.ask(f"rate({_ANSWERED}[30s]) > 0") or 0) > 0, what="the rate of its answers")
            wait_until(lambda: watch.ask(_BUDGET) is not None, what="what is left of the error budget")
            wait_until(lambda: watch.ask(_EXCESS) is not None, what="how far above normal acme is")
            wait_until(lambda: (watch.ask(_MAPPED) or 0) > 0, what="expense lines")
            wait_until(lambda: (watch.ask(_DELIVERED) or 0) > 0, what="attempts to deliver")
            _run(environment, directory, ("bills", "make"))
            _end_month(ledger)
            wait_until(lambda: watch.ask(_ITEMS) is not None, what="work items")
            wait_until(lambda: watch.ask(_EXPORTED) is not None, what="attempts to export")
            with psycopg.connect(ledger, autocommit=True) as connection:
                connection.execute("ANALYZE")
            wait_until(lambda: (watch.ask("changes(postledger_edge_policy_version[1h]) > 0") or 0) > 0)
            end_s = time.time()
            wait_until(
                lambda: (watch.ask("time() - timestamp(up{job='backend'})") or 9) < 1 and time.time() > end_s + 2
            )
            yield Asker(
                prometheus_url=watch.url,
                prometheus_password=CREDENTIALS,
                ledger_url=postgres.url(name, "postledger_reader"),
                start_s=start_s,
                end_s=time.time(),
                step_s=2,
                scrape_interval_s=SCRAPE_INTERVAL_S,
                variables=CHOSEN,
            )


_BUDGET = 'slo:postledger_error_budget:left_ratio{slo="latency"}'
_EXCESS = 'source_kind:postledger_postbacks:excess5m{source="acme"}'
_VISITS = "sum(postledger_clicks_total)"
_ITEMS = 'class:postledger_discrepancies_oldest_seconds:max{class="restated"} > 0'
_EXPORTED = "sum(increase(postledger_exports_total[1h]))"
_STARTED = "postledger_backend_start_timestamp_seconds"
_MAPPED = 'sum(rate(postledger_mapped_total{result="accrual"}[30s]))'
_DELIVERED = "sum(rate(postledger_deliveries_total[30s]))"
_UNGUARDED = {"POSTLEDGER_NETWORK_RATE": "0"}
_ANSWERED = 'postledger_request_duration_seconds_count{route="postback", status="200"}'


def _run(environment: dict[str, str], directory: Path, *commands: tuple[str, ...]) -> None:
    for arguments in commands:
        ran = CommandLine(environment, directory).process(*arguments)
        assert ran.code == 0, ran.err


def _prepare(environment: dict[str, str], directory: Path) -> None:
    clicks = directory / "clicks.csv"
    clicks.write_text(IMPORTED_CLICKS)
    month_end = directory / "month-end.toml"
    month_end.write_text(MONTH_END)
    _run(
        {**environment, "MAIN_ACCOUNT": "DE02120300000000202051"},
        directory,
        ("apply", str(ROOT / "tests" / "data" / "mixture.toml")),
        ("grant", "postledger_reader"),
        ("clicks", "import", str(clicks)),
        ("apply", str(month_end)),
    )
    with psycopg.connect(environment["DATABASE_URL"]) as connection:
        connection.execute("INSERT INTO rates VALUES ('EUR', 'USD', current_date, 1.1, 'ecb', now())")


MONTH_END = """
[[exports]]
slug = "books"
kind = "csv"

[[report_formats]]
slug = "acme-csv"
source = "acme"
kind = "csv"
columns = { transaction_id = "Order", amount = "Commission" }
currency = "USD"
expected_by_day = 5

[[bank_accounts]]
slug = "main"
account_env = "MAIN_ACCOUNT"
currency = "EUR"
formats = ["camt053"]
expected = "daily"
"""


def _end_month(ledger: str) -> None:
    """Leave what imports and runs leave: statements, runs, a receivable and work items."""
    now, october = datetime.now(UTC), date(2026, 10, 1)
    with psycopg.connect(ledger, autocommit=True) as connection:
        add_statement(connection, now, source_id=1)
        add_statement(connection, now, account="main", proof="unproven", faults=("bad_amount",))
        add_run(connection, now - timedelta(minutes=1), source_id=1)
        add_item(connection, now - timedelta(days=3), "restated")
        add_item(connection, now - timedelta(days=1), "missing_at_network", "disputed")
        connection.execute(
            "INSERT INTO receivables VALUES (gen_random_uuid(), 'R-1', 'acme', %s, 'USD', 120, 80, now(), now())",
            (october,),
        )


def _send(edge: Edge, *, rounds: int) -> None:
    with httpx.Client(base_url=edge.https_url, verify=edge.tls_context(), timeout=ANSWER_WITHIN_S) as client:
        mixture = Mixture(client, seed=7)
        for _ in range(rounds):
            mixture.send_round()


def _remember(backend: Backend) -> str:
    """A week ago: the counters of postbacks as the backend shows them, growing for an hour."""
    shown = [
        line.split(" ")[0]
        for line in backend.metrics_text().splitlines()
        if line.startswith("postledger_postbacks_total{")
    ]
    series = [name.replace("{", '{job="backend",') for name in shown]
    moments = range(int(time.time()) - WEEK_S - 1800, int(time.time()) - WEEK_S + 1800, 15)
    lines = [f"{name} {number * 10} {moment}" for name in series for number, moment in enumerate(moments)]
    return "\n".join(["# TYPE postledger_postbacks counter", *lines, "# EOF", ""])


@pytest.mark.parametrize(("name", "title", "number"), TARGETS)
def test_a_panel_has_an_answer(asker: Asker, name: str, title: str, number: int) -> None:
    panel = next(panel for panel in read_dashboard(name).panels if panel.title == title)
    chosen = {**CHOSEN, **CHOSEN_OTHERWISE.get(title, {})}

    answer = replace(asker, variables=chosen).ask(panel.targets[number])

    if isinstance(answer, Rows):
        assert answer.rows != []
    else:
        assert any(value == value for series in answer for value in series.values), "there is a number"  # noqa: PLR0124


@pytest.mark.parametrize(
    "title", ["Is it sending?", "What do we answer it?", "Why is it refused?", "Does it keep its rhythm?"]
)
def test_a_source_that_the_edge_keeps_out_is_seen_to_send_and_to_be_refused(asker: Asker, title: str) -> None:
    """The backend has never heard of it; who looks at the source must not be told that nothing comes."""
    panel = next(panel for panel in read_dashboard("source").panels if panel.title == title)

    answer = replace(asker, variables={**CHOSEN, "source": "guarded"}).ask(panel.targets[0])

    assert not isinstance(answer, Rows)
    assert any(value > 0 for series in answer for value in series.values)


@pytest.mark.parametrize("mark", read_dashboard("overview").marks, ids=lambda mark: mark[0])
def test_a_change_leaves_its_mark(asker: Asker, mark: tuple[str, str, str]) -> None:
    _, expression, _ = mark

    assert asker.ask_range(expression) != []


def test_the_preview_draws_every_page_as_the_grid_says(
    asker: Asker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"PROMETHEUS_URL": asker.prometheus_url, **CREDENTIAL_VARIABLES}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("POSTLEDGER_READER_URL", asker.ledger_url)

    preview(["--since", "5m", "--source", "acme", "--into", str(tmp_path)])

    for name in list_dashboards():
        lowest = max(panel.place.y + panel.place.height for panel in read_dashboard(name).panels)
        with Image.open(tmp_path / f"{name}.png") as picture:
            assert picture.format == "PNG"
            assert picture.size == (PAGE_WIDTH, HEADER + lowest * UNIT_HEIGHT + MARGIN)
            counted = picture.convert("RGB").getcolors(PAGE_WIDTH * picture.height) or []
            colors = Counter({color: count for count, color in counted})
            assert len(colors) > 40, "more than empty boxes"
            assert {found for found, _ in colors.most_common(2)} == {ImageColor.getrgb(GROUND), ImageColor.getrgb(BOX)}


@pytest.mark.parametrize("name", list_dashboards())
def test_the_links_to_runbooks_lead_where_those_of_alerts_do(asker: Asker, name: str) -> None:
    variables = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))["templating"]["list"]
    (query,) = [one["query"] for one in variables if one["name"] == "runbooks"]
    series, label = re.fullmatch(r"label_values\((.+), (\w+)\)", query).groups()  # type: ignore[union-attr]

    told = asker.ask({"expr": series, "instant": True, "legendFormat": f"{{{{{label}}}}}"})

    assert not isinstance(told, Rows)
    assert [one.name for one in told] == [RUNBOOKS_URL]


@pytest.mark.parametrize(("name", "least"), [("source", {"acme", "borealis", "unknown"}), ("campaigns", {"spring"})])
def test_a_variable_offers_what_there_is(asker: Asker, name: str, least: set[str]) -> None:
    (variable,) = read_dashboard(name).choices

    assert least <= set(asker.choose(variable["query"]))

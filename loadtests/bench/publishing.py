"""The bars of publishing: how fast what waits reaches a RabbitMQ, and whether that keeps up with ingest."""

from typing import LiteralString

from loadtests.bench.contestants import postledger
from loadtests.bench.fill import fill
from loadtests.bench.ledger import Ledger, make_database, make_ledger
from loadtests.bench.parts import Ground
from loadtests.bench.plan import Plan
from loadtests.bench.report import MIB, Target
from loadtests.bench.rounds import RoundFailed, run_round
from loadtests.bench.worker import Worker
from tests.parts.rabbitmq import RabbitMQ

CONVERSIONS = 50_000
_QUEUE = """
INSERT INTO publications (dedup_key, receipt, revision, kind, received_at)
SELECT dedup_key, id, 1, 'opened', created_at FROM conversions
"""
_HAND_OVER = "INSERT INTO outbox SELECT now(), dedup_key, id, 1, 'opened' FROM conversions"
_IS_PUBLISHED: LiteralString = """
SELECT NOT EXISTS (SELECT FROM outbox) AND NOT EXISTS (SELECT FROM publications WHERE published_at IS NULL)
"""
_COUNT = "SELECT count(*) FROM publications WHERE published_at IS NOT NULL"
_BEGIN_ANEW = "TRUNCATE publications"


def publish_alone(ground: Ground, _plan: Plan) -> list[Target]:
    """Publishing alone: changes that wait reach a RabbitMQ, persistent and confirmed; then with the hand-over."""
    ledger = _make_ledger(ground, "alone")
    fill(ledger, CONVERSIONS)
    with RabbitMQ() as rabbitmq, Worker(ground, ledger, _settings(rabbitmq)) as worker:
        queued = _measure(ledger, worker, _QUEUE)
        handed_over = _measure(ledger, worker, _HAND_OVER)
        memory = worker.memory()
    return [
        Target("published alone, messages/s", queued, 3000),
        Target("published from the outbox on, messages/s", handed_over, None),
        Target("memory of the worker, MiB (RSS)", memory.rss_bytes / MIB, 150, at_least=False),
    ]


def publish_beside_ingest(ground: Ground, plan: Plan) -> list[Target]:
    """Publishing beside ingest at full speed: its rate until nothing waits, to that of ingest."""
    ledger = _make_ledger(ground, "beside")
    ledger.write_click_ids()
    with RabbitMQ() as rabbitmq, Worker(ground, ledger, _settings(rabbitmq)) as worker:
        load = run_round(ground, plan, ledger, postledger(ground, plan, ledger), 1)
        late_s = worker.wait_for(_IS_PUBLISHED, "left publications")
    kept_up = plan.duration_s / (plan.duration_s + late_s)
    return [
        Target("ingest beside publishing, req/s", load.per_second, None),
        Target("publishing's rate / ingest's beside it, until nothing waits", kept_up, None),
    ]


def _make_ledger(ground: Ground, name: str) -> Ledger:
    name = f"publish_{name}"
    return make_ledger(make_database(ground.postgres.url(), name), ground.home / f"clicks-{name}")


def _settings(rabbitmq: RabbitMQ) -> dict[str, str]:
    return {"POSTLEDGER_BROKER_URL": rabbitmq.url}


def _measure(ledger: Ledger, worker: Worker, make: LiteralString) -> float:
    with ledger.connect() as connection:
        connection.execute(_BEGIN_ANEW)
        connection.execute(make)
        took_s = worker.wait_for(_IS_PUBLISHED, "left publications")
        ((published,),) = connection.execute(_COUNT).fetchall()
    if not published:
        raise RoundFailed("nothing was published")
    return float(published) / took_s

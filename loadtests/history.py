"""A run as numbers: its acks, what was sampled of the system each second, and what was done to it."""

import csv
import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

import msgspec

from loadtests.acks import CLICK, POSTBACK, TRIED, Ack
from loadtests.generator_report import Honesty

MIB_AN_HOUR = 2**20 / 3600
SOAK_S = 7200
COUNTED = ("accepted", "duplicate", "updated", "parked")
SHARES = (("p50", 0.5), ("p95", 0.95), ("p99", 0.99), ("max", 1.0))


class Sample(msgspec.Struct, frozen=True):
    """The system at one moment: processor time and memory by process, and its own metrics."""

    at_s: float
    cpu_s: dict[str, float]
    rss_bytes: dict[str, int]
    machine_cpu_s: float
    metrics: dict[str, float]


class Mark(msgspec.Struct, frozen=True):
    """Something that was done to the system, and when."""

    at_s: float
    says: str


class Run(msgspec.Struct):
    """A finished run. Times are epoch seconds; `before` and `after` are the stack's metrics around it."""

    start_s: float
    duration_s: float
    acks: list[Ack]
    samples: list[Sample]
    marks: list[Mark]
    generators: list[Honesty]
    before: dict[str, float]
    after: dict[str, float]

    def answers(self) -> Counter[str]:
        """How often each verdict was answered; these are counted by the backend too."""
        return Counter(f"verdict {ack.said}" for ack in self.acks if ack.said in COUNTED and ack.kind != TRIED)

    def honest(self, since: float = 0.0, until: float = math.inf) -> list[Ack]:
        """Return the acks of honest senders that were due within a part of the run (shares of its duration).

        Repeats may be due after its end."""
        first, last = self.start_s + since * self.duration_s, self.start_s + until * self.duration_s
        return [ack for ack in self.acks if ack.kind in (POSTBACK, CLICK) and first <= ack.due <= last]


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which that share of the values lies; 0 without values."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] if values else 0.0


def find_growth(run: Run, parts: Sequence[str]) -> float:
    """The steepest line through the memory of a process after the first tenth of a run, in MiB an hour.

    What fills at the start is much in an hour. So a run of less than two hours may grow by two MiB in all.
    """
    samples = run.samples[len(run.samples) // 10 :]
    slopes = [_slope([(one.at_s, one.rss_bytes.get(part, 0)) for one in samples]) / MIB_AN_HOUR for part in parts]
    return max(slopes) * min(1.0, run.duration_s / SOAK_S)


def _slope(points: Sequence[tuple[float, float]]) -> float:
    if len(points) < 2:
        return 0.0
    mean_x, mean_y = (sum(values) / len(points) for values in zip(*points, strict=True))
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    return float(sum((x - mean_x) * (y - mean_y) for x, y in points) / spread)


def by_second(run: Run) -> list[dict[str, float]]:
    """One row for each second: load, latencies, verdicts, and the system."""
    due, done = defaultdict[int, list[Ack]](list), defaultdict[int, list[Ack]](list)
    for ack in run.acks:
        due[int(ack.due - run.start_s)].append(ack)
        done[int(ack.sent + ack.took - run.start_s)].append(ack)
    seconds = range(max([0, *due, *done]) + 1)
    system = _system_by_second(run)
    return [_row(second, due[second], done[second]) | system.get(second, {}) for second in seconds]


def write_history(rows: Sequence[dict[str, float]], path: Path) -> None:
    """Write the rows as CSV; columns are in the order in which they first appear."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)


def _row(second: int, due: list[Ack], done: list[Ack]) -> dict[str, float]:
    honest = [ack for ack in done if ack.kind in (POSTBACK, CLICK)]
    from_due = sorted(ack.sent + ack.took - ack.due for ack in honest)
    from_sent = sorted(ack.took for ack in honest)
    row: dict[str, float] = {"second": second, "due": len(due), "done": len(done)}
    for name, share in SHARES if honest else ():
        row[f"{name}_due_ms"] = round(percentile(from_due, share) * 1000, 2)
        row[f"{name}_sent_ms"] = round(percentile(from_sent, share) * 1000, 2)
    said = Counter(ack.reason or ack.said or "other" for ack in done)
    return row | {f"said {word}": count for word, count in said.items()}


def _system_by_second(run: Run) -> dict[int, dict[str, float]]:
    rows: dict[int, dict[str, float]] = {}
    for before, after in zip(run.samples, run.samples[1:], strict=False):
        passed_s = after.at_s - before.at_s
        cores = {
            f"cores {name}": (cpu_s - before.cpu_s.get(name, cpu_s)) / passed_s for name, cpu_s in after.cpu_s.items()
        }
        memory = {f"MiB {name}": rss / 2**20 for name, rss in after.rss_bytes.items()}
        values = {name: round(value, 3) for name, value in (cores | memory).items()}
        rows[int(after.at_s - run.start_s)] = values | _metrics(before, after)
    return rows


def _metrics(before: Sample, after: Sample) -> dict[str, float]:
    def increase(name: str) -> float:
        return max(0.0, after.metrics.get(name, 0.0) - before.metrics.get(name, 0.0))

    flushes = increase("postledger_flush_rows_count")
    return {
        "rows a flush": round(increase("postledger_flush_rows_sum") / max(1, flushes), 2),
        "flush ms": round(increase("postledger_flush_duration_seconds_sum") / max(1, flushes) * 1000, 2),
        "queue": after.metrics.get("postledger_queue_waiting", 0.0),
        "connections": after.metrics.get("connections", 0.0),
    }

"""How large a machine must be: the formulas behind the table in docs/performance.md."""

import msgspec

CPU_S_A_POSTBACK = 332e-6
"""Processor time of edge, backend and Postgres for one postback: 75 + 191 + 66 µs, `make bench`, 2026-11-22."""

BYTES_A_POSTBACK = 1_200
"""Disk for one conversion with its click and audit row, indexes included: 12 GB for ten million, `make bench ROWS=`."""

FLUSHES_A_WORKER_S = 200
"""Group commits per second of a busy worker at 5 ms each; each is one write to disk."""

UTILISATION = 0.5
"""The share of the cores that is planned for; the rest is for queries, vacuum and surprises."""

PEAK = 10
"""The busiest second of a day by its mean."""


class Size(msgspec.Struct, frozen=True):
    """What one load needs. Rates are per second, disk is in GB a day; `writes` are of the disk at the peak."""

    mean: float
    peak: float
    cores: float
    disk_gb_a_day: float
    writes: float


def size_for(postbacks_a_day: float, workers: int = 2) -> Size:
    """Compute what a number of postbacks a day needs."""
    mean = postbacks_a_day / 86_400
    peak = mean * PEAK
    return Size(
        mean,
        peak,
        peak * CPU_S_A_POSTBACK / UTILISATION,
        postbacks_a_day * BYTES_A_POSTBACK / 1e9,
        min(peak, workers * FLUSHES_A_WORKER_S),
    )


def table_row(name: str, postbacks_a_day: float, workers: int = 2) -> str:
    """Write one row of the table in docs/performance.md."""
    size = size_for(postbacks_a_day, workers)
    numbers = [f"{size.mean:,.0f}", f"{size.peak:,.0f}", f"{size.cores:.1f}", f"{size.disk_gb_a_day:,.1f}"]
    cells = [name, *numbers, f"{size.writes:,.0f}"]
    return f"| {' | '.join(cells)} |"

"""From rounds to what people read: medians, ratios against the targets, a table, and `var/bench.json`."""

from collections.abc import Sequence
from statistics import median

import msgspec

from loadtests.bench.rounds import Round

MIB = 2**20


class Target(msgspec.Struct, frozen=True):
    """A promise and what was measured; `at_least` tells in which direction it holds."""

    what: str
    measured: float
    promised: float
    at_least: bool

    @property
    def kept(self) -> bool:
        """Whether the promise holds."""
        return self.measured >= self.promised if self.at_least else self.measured < self.promised


def summarize(rounds: Sequence[Round]) -> list[Round]:
    """Fold the rounds of each contestant into their medians, number by number; memory is the largest ever seen."""
    names = dict.fromkeys(one.name for one in rounds)
    return [_summarize([one for one in rounds if one.name == name]) for name in names]


def best(summary: Sequence[Round], letter: str) -> Round | None:
    """The fastest variant of a letter."""
    return max((one for one in summary if one.letter == letter), key=lambda one: one.per_second, default=None)


def judge(summary: Sequence[Round]) -> list[Target]:
    """Hold the summary against what the design promises, as far as the contestants took part."""
    ours, constant, textbook = (best(summary, letter) for letter in "bac")
    if ours is None:
        return []
    targets = [Target("p99 of b, ms", ours.p99_ms, 50, at_least=False)]
    targets.append(Target("memory per worker of b, MiB (RSS)", max_rss_mib(ours), 150, at_least=False))
    if textbook:
        targets.insert(0, Target(f"b / c ({textbook.name})", ours.per_second / textbook.per_second, 3, at_least=True))
    if constant:
        targets.insert(0, Target("b / a", ours.per_second / constant.per_second, 0.4, at_least=True))
    return targets


def judge_sizes(summary: Sequence[Round]) -> list[Target]:
    """Hold the fullest ledger against the emptiest."""
    emptiest, fullest = summary[0], summary[-1]
    return [Target(f"{fullest.name} / {emptiest.name}", fullest.per_second / emptiest.per_second, 0.9, at_least=True)]


def max_rss_mib(one: Round) -> float:
    """The largest worker."""
    return max((memory.rss_bytes for memory in one.worker_memory), default=0) / MIB


def table(summary: Sequence[Round]) -> str:
    """Lay the summary out."""
    columns = ("p50 ms", "p99 ms", "max ms", "RSS MiB", "PSS MiB", "others")
    head = f"{'':28}{'req/s':>8}{''.join(f'{column:>9}' for column in columns)}   CPU µs per request"
    return "\n".join([head, *map(_line, summary)])


def verdicts(targets: Sequence[Target]) -> str:
    """Say of each promise whether it is kept."""
    return "\n".join(
        f"{'kept  ' if one.kept else 'MISSED'}  {one.what}: {one.measured:.2f} "
        f"(promised {'>=' if one.at_least else '<'} {one.promised:g})"
        for one in targets
    )


def _line(one: Round) -> str:
    pss_mib = max((memory.pss_bytes for memory in one.worker_memory), default=0) / MIB
    cpu = "  ".join(f"{part} {spent:.0f}" for part, spent in one.cpu_us.items())
    label = f"({one.letter}) {one.name}"
    return (
        f"{label:28}{one.per_second:8.0f}{one.p50_ms:9.2f}{one.p99_ms:9.2f}{one.max_ms:9.2f}"
        f"{max_rss_mib(one):9.1f}{pss_mib:9.1f}{one.others_cores:9.2f}   {cpu}"
    )


def _summarize(rounds: Sequence[Round]) -> Round:
    largest = max(rounds, key=max_rss_mib)
    return Round(
        letter=rounds[0].letter,
        name=rounds[0].name,
        per_second=median(one.per_second for one in rounds),
        p50_ms=median(one.p50_ms for one in rounds),
        p90_ms=median(one.p90_ms for one in rounds),
        p99_ms=median(one.p99_ms for one in rounds),
        max_ms=max(one.max_ms for one in rounds),
        answered=sum(one.answered for one in rounds),
        cpu_us={part: median(one.cpu_us[part] for one in rounds) for part in rounds[0].cpu_us},
        worker_memory=largest.worker_memory,
        rows_before=rounds[0].rows_before,
        others_cores=max(one.others_cores for one in rounds),
    )

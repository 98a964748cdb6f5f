"""From rounds to what people read: medians, ratios against the targets, a table, and `var/bench.json`."""

from collections.abc import Sequence
from statistics import median

import msgspec

from loadtests.bench.rounds import Round

MIB = 2**20


class Target(msgspec.Struct, frozen=True):
    """A promise and what was measured; `at_least` tells in which direction it holds, and nothing may be promised."""

    what: str
    measured: float
    promised: float | None
    at_least: bool = True

    @property
    def kept(self) -> bool:
        """Whether the promise holds."""
        if self.promised is None:
            return True
        return self.measured >= self.promised if self.at_least else self.measured < self.promised

    def __str__(self) -> str:
        told = f"{self.what}: {self.measured:.2f}"
        if self.promised is None:
            return f"told    {told}"
        sign = ">=" if self.at_least else "<"
        return f"{'kept  ' if self.kept else 'MISSED'}  {told} (promised {sign} {self.promised:g})"


def summarize(rounds: Sequence[Round]) -> list[Round]:
    """Fold the rounds of each contestant into their medians, number by number; memory is the largest ever seen."""
    names = dict.fromkeys(one.name for one in rounds)
    return [_summarize([one for one in rounds if one.name == name]) for name in names]


def best(summary: Sequence[Round], letter: str) -> Round | None:
    """The fastest variant of a letter."""
    return max((one for one in summary if one.letter == letter), key=lambda one: one.per_second, default=None)


def judge(summary: Sequence[Round]) -> list[Target]:
    """Hold the summary against what the design promises, as far as the contestants took part."""
    ours = best(summary, "b")
    if ours is None:
        return []
    promises = (("a", 0.4), ("e", None), ("c", 6))
    others = [(other, promised) for letter, promised in promises if (other := best(summary, letter))]
    return [
        *(
            Target(f"b / {one.letter} ({one.name})", ours.per_second / one.per_second, promised)
            for one, promised in others
        ),
        *_judge_new_connections(summary, ours),
        Target("processor time of b, µs, without wrk", _own_us(ours), 230, at_least=False),
        Target("p99 of b, ms", ours.p99_ms, 25, at_least=False),
        *[Target(f"p99 of w ({one.name}), ms", one.p99_ms, 80, at_least=False) for one in _find(summary, "w")],
        Target("memory per worker of b, MiB (RSS)", max_rss_mib(ours), 150, at_least=False),
    ]


def _find(summary: Sequence[Round], letter: str) -> list[Round]:
    return [one for one in summary if one.letter == letter]


def _judge_new_connections(summary: Sequence[Round], ours: Round) -> list[Target]:
    found = best(summary, "n")
    if not found:
        return []
    return [
        Target("n / b (new connections)", found.per_second / ours.per_second, 0.5),
        Target("processor time of b / of n, without wrk", _own_us(ours) / _own_us(found), None),
    ]


def _own_us(one: Round) -> float:
    """Processor time of a request without the generator's, whose side of a TLS handshake costs more than the edge's."""
    return sum(spent for part, spent in one.cpu_us.items() if part != "wrk")


def judge_sizes(summary: Sequence[Round]) -> list[Target]:
    """Hold the fullest ledger against the emptiest."""
    emptiest, fullest = summary[0], summary[-1]
    return [Target(f"{fullest.name} / {emptiest.name}", fullest.per_second / emptiest.per_second, 0.9)]


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
    return "\n".join(map(str, targets))


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

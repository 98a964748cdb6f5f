"""Shows counters at zero that never rose, because Prometheus does not see the increase of a new series.

They are added to the text of a scrape. The library would keep objects and an entry of the metric files for each of them
in each process, 43 KiB for a source, and read all of them for each scrape.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from prometheus_client import Counter

_FAMILY = "# HELP "
_PLACE = "\N{REPLACEMENT CHARACTER}"


class ZeroSeries:
    """The series that each value of a first label has: counters, each with the values of its other labels."""

    def __init__(self, series: Sequence[tuple[Counter, tuple[str, ...]]]) -> None:
        self._heads = {_name(counter): _head(counter) for counter, _ in series}
        self._samples = defaultdict[str, list[tuple[str, str]]](list)
        for counter, others in series:
            before, _, behind = _sample(counter, (_PLACE, *others)).partition(_PLACE)
            self._samples[_name(counter)].append((before, behind))
        self._shown: dict[str, None] = {}

    def show(self, values: Iterable[str]) -> None:
        """Show the series of these values from now on."""
        self._shown |= dict.fromkeys(values)

    def add_to(self, text: str) -> str:
        """Add the series that a scrape's text does not have. The series of one counter stay together."""
        first, *rest = text.split(_FAMILY)
        families = {one.partition(" ")[0]: _FAMILY + one for one in rest}
        for name, head in self._heads.items():
            families[name] = self._fill(name, families.get(name, head))
        return first + "".join(families.values())

    def _fill(self, name: str, family: str) -> str:
        known = {line.rpartition(" ")[0] for line in family.splitlines()}
        missing = [
            sample
            for before, behind in self._samples[name]
            for value in self._shown
            if (sample := before + value + behind) not in known
        ]
        return family + "".join(f"{sample} 0.0\n" for sample in missing)


def _name(counter: Counter) -> str:
    return f"{counter._name}_total"


def _head(counter: Counter) -> str:
    return f"{_FAMILY}{_name(counter)} {counter._documentation}\n# TYPE {_name(counter)} counter\n"


def _sample(counter: Counter, values: Sequence[str]) -> str:
    # The library writes labels in the order of their names.
    labels = sorted(zip(counter._labelnames, values, strict=True))
    pairs = ",".join(f'{label}="{value}"' for label, value in labels)
    return f"{_name(counter)}{{{pairs}}}"

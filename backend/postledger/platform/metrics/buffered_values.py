"""How prometheus-client keeps its values: raised in memory, and written together to the file that is added up.

A write packs two numbers into a shared file, which is a microsecond each; an accepted postback raises eight values.
"""

import os
from typing import Any

from prometheus_client import values

_risen: list[Any] = []


def keep_sums() -> None:
    """Have values kept so; call it once, after the fork and before any metric is made.

    The library is told which process this is, too: it would ask the system again at every write.
    """
    process_id = os.getpid()
    values.ValueClass = _hold_back(values.MultiProcessValue(lambda: process_id))


def write_sums() -> None:
    """Write all that has risen since the last time."""
    for value in _risen:
        value.write()
    _risen.clear()


def _hold_back(written: Any) -> Any:
    class Value(written):  # type: ignore[misc] # the library makes its class anew for each process
        """A value that rises in memory; what is set, as gauges are, is written at once."""

        _rise = 0.0

        def inc(self, amount: float) -> None:
            if not self._rise:
                _risen.append(self)
            self._rise += amount

        def write(self) -> None:
            super().inc(self._rise)
            self._rise = 0.0

    return Value

"""What a generator process reports of itself when it ends."""

import msgspec


class Honesty(msgspec.Struct, frozen=True):
    """How busy a generator process was: the 99th percentile of its loop's lag, and the cores that it used."""

    part: str
    lag_p99_s: float
    cores: float

"""A finding: what `doctor` says of one thing that it looked at."""

from typing import NamedTuple


class Finding(NamedTuple):
    """One check: its name, whether all is well, what was seen, and what to do about it where it is not."""

    name: str
    is_well: bool
    seen: str
    advice: str = ""
